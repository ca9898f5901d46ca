import type pg from 'pg'
import type { Db } from '../support/db.ts'

/** A session that is sent statements one by one, and may be left waiting in one. */
export interface Player {
	/** Sends a statement; `settle` tells when it has ended, or waits. */
	send: (sql: string, values: unknown[], onEnd: (result: pg.QueryResult | pg.DatabaseError) => void) => void
	isWaiting: () => boolean
}

export interface Players {
	players: Player[]
	/** Comes back when every statement has ended or waits for a session that has nothing under way, so that only another turn can help. */
	settle: () => Promise<void>
}

/** Longer than any statement here takes on a busy machine. */
const HANGS_AFTER_MS = 60_000

/** What every one of these backends waits for; no row for one that does not wait. */
const BLOCKERS = 'select p.pid, b.pids from unnest($1::integer[]) as p (pid), pg_blocking_pids(p.pid) as b (pids) where b.pids <> $${}$$'

/** Whether each of these waits, at the end of its chain, for a session that is not one of them: else they run, or are in a deadlock. */
function allWait(underWay: number[], blockers: Map<number, number[]>): boolean {
	const isStuck = (pid: number, seen: number[]): boolean =>
		(blockers.get(pid) ?? []).some((by) => !underWay.includes(by) || (!seen.includes(by) && isStuck(by, [...seen, by])))
	return underWay.every((pid) => isStuck(pid, [pid]))
}

export async function makePlayers(db: Db, count: number): Promise<Players> {
	const watcher = await db.client()
	const underWay = new Map<number, Promise<unknown>>()
	const players = Array.from({ length: count }, async (): Promise<Player> => {
		const client = await db.client()
		await client.query(`set deadlock_timeout = '1ms'`)
		const pid: number = (await client.query('select pg_backend_pid() as pid')).rows[0].pid
		return {
			isWaiting: () => underWay.has(pid),
			send(sql, values, onEnd) {
				const ended = client
					.query(sql, values)
					// an error is told before its locks are let go, the end of what comes after it is not
					.catch((error: pg.DatabaseError) => client.query('').then(() => error))
					.then(onEnd)
					.finally(() => underWay.get(pid) === ended && underWay.delete(pid)) // else another was sent after it
				underWay.set(pid, ended)
			},
		}
	})

	let waiting: number[] = []
	async function settle(): Promise<void> {
		const started = Date.now()
		let isSure = false
		await Promise.race([Promise.all(underWay.values()), new Promise((resolve) => setTimeout(resolve, 3))])
		while (underWay.size) {
			const pids = [...underWay.keys()]
			const { rows } = await watcher.query(BLOCKERS, [pids])
			if (pids.length === underWay.size && allWait(pids, new Map(rows.map((row) => [row.pid, row.pids])))) {
				if (isSure || pids.every((pid) => waiting.includes(pid))) {
					waiting = pids
					return
				}
				// who waits has looked for a deadlock by then, so that the victim of one is always the last to come
				await new Promise((resolve) => setTimeout(resolve, 4))
				isSure = true
				continue
			}
			isSure = false
			if (Date.now() - started > HANGS_AFTER_MS) throw new Error(`a statement neither ends nor waits: ${JSON.stringify(rows)}`)
		}
		waiting = []
	}
	return { players: await Promise.all(players), settle }
}
