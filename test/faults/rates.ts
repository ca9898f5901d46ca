import { setTimeout as sleep } from 'node:timers/promises'
import type { Storm } from './storm.ts'

export const ENOUGH = 0.95

export const now = (): number => Date.now() / 1000

export async function rateOf({ database }: Storm, from: number, to: number): Promise<number> {
	const sql = `select count(*)::integer as count from taskq_private.finished_jobs
		where finished_at >= to_timestamp($1) and finished_at < to_timestamp($2) and status <> 'cancelled'`
	const [row] = await database.rows<{ count: number }>(sql, [from, to])
	return row!.count / (to - from)
}

async function measure(storm: Storm, seconds: number): Promise<number> {
	const from = now()
	await sleep(seconds * 1000)
	return rateOf(storm, from, now())
}

/** Waits until so few jobs are open. Answers whether that came to be. */
export async function untilOpen(
	storm: Storm,
	most: number,
	limit: number,
	places = '{blocked,pending,retrying,ready,running}',
): Promise<boolean> {
	const sql = 'select count(*)::integer as count from taskq_private.places where status = any($1::taskq.job_status[])'
	for (const deadline = now() + limit; now() < deadline; await sleep(100)) {
		const rows = await storm.database.rows<{ count: number }>(sql, [places]).catch(() => [])
		if (rows[0] && rows[0].count <= most) return true
	}
	return false
}

/** Windows one after the other until one is as it should be, or for too long. Answers the last. */
export async function windows(storm: Storm, seconds: number, isGood: (rate: number) => boolean, limit: number): Promise<number> {
	const deadline = now() + limit
	for (;;) {
		const rate = await measure(storm, seconds)
		if (isGood(rate) || now() > deadline) return rate
	}
}

/** What must hold at each moment: nobody holds more than he has. */
export function watch(storm: Storm): { stop: () => Promise<string[]> } {
	const found = new Set<string>()
	let watching = true
	const done = (async () => {
		for (; watching; await sleep(500)) {
			const rows = await storm.database.rows('select breach from taskq_private.check_resource_invariants() as breach').catch(() => [])
			for (const { breach } of rows) found.add(`I6 ${breach}`)
		}
	})()
	return {
		async stop() {
			watching = false
			await done
			return [...found]
		},
	}
}
