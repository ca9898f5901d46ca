import test from 'ava'
import type pg from 'pg'
import { type Claim, call, callOne } from '../../db/calls.ts'
import { useDb } from '../support/db.ts'
import type { GraphJob } from '../support/graph.ts'
import { makeStage, type Stage, submitEach } from '../support/stage.ts'

const db = useDb(test)

const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)]!
/** One of the last, where the others are at it too. */
const recent = (ids: string[]): string => pick(ids.slice(-40))
const some = <T>(values: readonly T[], count: number): T[] => Array.from({ length: Math.min(count, values.length) }, () => pick(values))

/** More turns to look longer: CHAOS_TURNS=2000 npm test test/race/chaos.test.ts */
const { CHAOS_TURNS = '120' } = process.env

const conditions = ['success', 'success', 'failure', 'finished']
const outcomes = ['completed', 'completed', 'completed', 'failed', 'released', 'cancelled', 'timed_out'] as const

interface Player {
	stage: Stage
	client: pg.Client
	ids: string[]
	workflows: Set<string>
	worker: string
	held: { claim_id: string; job_id: string }[]
}

/** What anyone may do at any time, whatever the others are doing. */
const moves: Record<string, (player: Player) => Promise<unknown>> = {
	async submit({ stage, client, ids }) {
		const requests = Array.from({ length: 1 + Math.floor(Math.random() * 8) }, () => ({
			type: stage.type,
			priority: pick([1, 3, 10]),
			resource_requirements: { memory_mb: pick([0, 1, 5, 30]), chaos_pool: pick([0, 0, 0, 1]) },
			...pick<Record<string, unknown>>([{}, {}, { concurrency_key: 'a' }, { concurrency_key: 'b', concurrency_limit: 2 }]),
			depends_on: [...new Set(some(ids.slice(-40), pick([0, 0, 1, 2, 4])))].map((job) => ({ job, condition: pick(conditions) })),
			on_dependency_failure: pick(['cancel', 'cancel', 'hold']),
			run_at: pick([undefined, undefined, new Date(Date.now() + 300).toISOString()]),
			idempotency_key: pick([undefined, undefined, `key-${Math.floor(Math.random() * 40)}`]),
		}))
		for (const { job_id, created } of await submitEach(client, requests)) if (created) ids.push(job_id!)
	},
	async submitGraph({ stage, client, ids, workflows }) {
		const names = ['a', 'b', 'c', 'd', 'e']
		const jobs = names.map((name, n) => ({
			...{ type: stage.type, name, on_dependency_failure: pick(['cancel', 'hold']) },
			depends_on: [...new Set(some([...names.slice(0, n), ...some(ids.slice(-40), 1)], 2))].map((job) => ({
				job,
				condition: pick(conditions),
			})),
		}))
		const workflow = { name: 'w', idempotency_key: `w-${Math.floor(Math.random() * 10)}` }
		const rows = await call<GraphJob>(client, 'submitJobs', [JSON.stringify({ workflow: pick([workflow, { name: 'w' }]), jobs })])
		for (const { job_id, created, workflow_id } of rows)
			if (created) {
				ids.push(job_id)
				workflows.add(workflow_id!)
			}
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
	cancel: ({ client, ids }) => call(client, 'cancelJob', [recent(ids), null]),
	cancelWorkflow: ({ client, workflows }) => call(client, 'cancelWorkflow', [pick([...workflows]), null]),
	retry: ({ client, ids }) => call(client, 'retryJob', [recent(ids), pick([true, false])]),
	retryWorkflow: ({ client, workflows }) => client.query('select taskq.retry_workflow($1)', [pick([...workflows])]),
	retryAll: ({ client, stage }) => call(client, 'retryDeadLetters', [stage.type, null, 3, true]),
	addDependency: ({ client, ids }) => call(client, 'addDependency', [recent(ids), recent(ids), pick(conditions)]),
	limit: ({ client }) => call(client, 'setConcurrencyLimit', [pick(['a', 'b']), pick([1, 3, null])]),
	pool: ({ client }) => call(client, 'setPool', ['chaos_pool', pick([1, 3])]),
	discard: ({ client, ids }) => call(client, 'discardJob', [recent(ids)]),
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
	'retry',
	'retryAll',
	'addDependency',
	'addDependency',
	'submitGraph',
	'cancelWorkflow',
	'retryWorkflow',
	'limit',
	'pool',
	'discard',
	'tick',
] as const

/** Completes what can run, and cancels what is held because of how others ended, until nothing is left to do. */
async function finishAll(stage: Stage, worker: string): Promise<void> {
	for (let idle = 0; idle < 2; idle++) {
		const { rows } = await db.query(
			`select taskq.cancel_job(h.job_id) from (
				select distinct j.job_id from taskq.jobs as j cross join taskq.explain_job(j.job_id) as e where j.status = 'blocked' and e.code = 'held_by' limit 1
			) as h`,
		)
		for (let claimed = await stage.claim(50, worker); claimed.jobs.length; claimed = await stage.claim(50, worker)) {
			const outcomes = claimed.jobs.map(({ job_id }) => ({ claim_id: claimed.claim_id, job_id, outcome: 'completed' }))
			await call(db.pool, 'claimNextJob', [worker, 0, JSON.stringify(outcomes)])
			idle = 0
		}
		if (rows.length) idle = -1
	}
}

test('whatever 8 sessions do to 1,000 jobs at once, the invariants hold and every job comes to an end', async (t) => {
	const stage = await makeStage(db, { memoryMb: 40, task: { initial_delay_seconds: 0 } })
	await db.query(`select taskq.set_pool('chaos_pool', 3)`)
	await db.query('select taskq.set_limit(type => $1, max_running => 25)', [stage.type])
	await db.query('select taskq.configure(reserve_after_seconds => 1)')
	const ids: string[] = await stage.submit(...Array(20).fill({}))
	const workflows = new Set<string>()
	const refused = new Map<string, number>()

	await Promise.all(
		Array.from({ length: 8 }, async (_, n) => {
			const player: Player = { stage, client: await db.client(), ids, workflows, worker: await stage.addWorker(), held: [] }
			for (let turn = 0; turn < Number(CHAOS_TURNS); turn++) {
				const move = turn % 40 === n ? 'restart' : pick(often)
				await moves[move]!(player).catch(({ code }: { code: string }) => refused.set(code, (refused.get(code) ?? 0) + 1))
			}
			await call(player.client, 'stopWorker', [player.worker])
		}),
	)
	const during = await db.breaches()
	await db.moveClock('1 hour')
	await finishAll(stage, await stage.addWorker())

	t.deepEqual(during, [])
	t.deepEqual(await db.rows(`select status, count(*) from taskq.jobs where finished_at is null group by 1`), [])
	// refusals that a caller can act on, and deadlocks, which it tries again
	t.deepEqual(
		[...refused.keys()].filter((code) => !/^(TQ4(04|09|10|11|12|23|25)|40P01)$/.test(code)),
		[],
	)
	t.log(Object.fromEntries(refused))
})
