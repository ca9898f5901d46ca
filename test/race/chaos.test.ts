import test from 'ava'
import { type Claim, call, callOne } from '../../db/calls.ts'
import type { Queryable } from '../../db/pool.ts'
import { useDb } from '../support/db.ts'
import { makeStage, type Stage, submitEach } from '../support/stage.ts'

const db = useDb(test)

const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)]!
const some = <T>(values: readonly T[], count: number): T[] => Array.from({ length: Math.min(count, values.length) }, () => pick(values))

const outcomes = ['completed', 'completed', 'completed', 'failed', 'released', 'cancelled', 'timed_out'] as const

interface Player {
	stage: Stage
	client: Queryable
	ids: string[]
	worker: string
	held: { claim_id: string; job_id: string }[]
}

/** What anyone may do at any time, whatever the others are doing. */
const moves: Record<string, (player: Player) => Promise<unknown>> = {
	async submit({ stage, client, ids }) {
		const requests = Array.from({ length: 1 + Math.floor(Math.random() * 8) }, () => ({
			type: stage.type,
			priority: pick([1, 3, 10]),
			resource_requirements: { memory_mb: pick([0, 1, 5]) },
			depends_on: some(ids, pick([0, 0, 1, 2, 4])),
			run_at: pick([undefined, undefined, new Date(Date.now() + 300).toISOString()]),
			idempotency_key: pick([undefined, undefined, `key-${Math.floor(Math.random() * 40)}`]),
		}))
		for (const { job_id, created } of await submitEach(client, requests)) if (created) ids.push(job_id!)
	},
	async work(player) {
		const reports = player.held.splice(0, 5).map((held) => ({ ...held, outcome: pick(outcomes), retry_after_seconds: pick([0, 0, 0.2]) }))
		const claimed = await callOne<Claim>(player.client, 'claimNextJob', [player.worker, pick([0, 1, 4, 9]), JSON.stringify(reports)])
		player.held.push(...claimed.jobs.map(({ job_id }) => ({ claim_id: claimed.claim_id!, job_id })))
	},
	async complete({ client, held }) {
		const one = held.pop()
		if (one) await call(client, 'completeJob', [one.claim_id, one.job_id, null])
	},
	cancel: ({ client, ids }) => call(client, 'cancelJob', [pick(ids), null]),
	retry: ({ client, ids }) => call(client, 'retryJob', [pick(ids)]),
	addDependency: ({ client, ids }) => call(client, 'addDependency', [pick(ids), pick(ids)]),
	discard: ({ client, ids }) => call(client, 'discardJob', [pick(ids)]),
	tick: ({ client }) => call(client, 'tick', []),
	async restart(player) {
		await call(player.client, 'stopWorker', [player.worker])
		player.held.length = 0
		player.worker = await player.stage.addWorker()
	},
}
const often = [
	'submit',
	'submit',
	'work',
	'work',
	'work',
	'work',
	'complete',
	'cancel',
	'retry',
	'addDependency',
	'discard',
	'tick',
] as const

test('whatever 8 sessions do to 1,000 jobs at once, the invariants hold and every job comes to an end', async (t) => {
	const stage = await makeStage(db, { memoryMb: 40, task: { initial_delay_seconds: 0 } })
	const ids: string[] = await stage.submit(...Array(20).fill({}))
	const refused = new Map<string, number>()

	await Promise.all(
		Array.from({ length: 8 }, async (_, n) => {
			const player: Player = { stage, client: await db.client(), ids, worker: await stage.addWorker(), held: [] }
			for (let turn = 0; turn < 120; turn++) {
				const move = turn % 40 === n ? 'restart' : pick(often)
				await moves[move]!(player).catch(({ code }: { code: string }) => refused.set(code, (refused.get(code) ?? 0) + 1))
			}
			await call(player.client, 'stopWorker', [player.worker])
		}),
	)
	const during = await db.breaches()
	await db.moveClock('1 hour')
	const last = await stage.addWorker()
	for (let claimed = await stage.claim(50, last); claimed.jobs.length; claimed = await stage.claim(50, last))
		await call(db.pool, 'claimNextJob', [
			last,
			0,
			JSON.stringify(claimed.jobs.map(({ job_id }) => ({ claim_id: claimed.claim_id, job_id, outcome: 'completed' }))),
		])

	t.deepEqual(during, [])
	t.deepEqual(await db.rows(`select status, count(*) from taskq.jobs where finished_at is null group by 1`), [])
	// refusals that a caller can act on, and deadlocks, which it tries again
	t.deepEqual(
		[...refused.keys()].filter((code) => !/^(TQ4(04|09|11|12|25)|40P01)$/.test(code)),
		[],
	)
	t.log(Object.fromEntries(refused))
})
