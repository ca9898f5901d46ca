import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { jobIn, makeStage } from '../../support/stage.ts'

const db = useDb(test)

test('queues counts what is ready, waiting and running in each', async (t) => {
	const stage = await makeStage(db)
	const queue = stage.type
	await stage.submit(...Array(5).fill({ queue }), { queue, priority: 1 }, { queue, run_at: '2999-01-01T00:00:00Z' })
	const { jobs } = await stage.claim(2)
	await stage.submitOne({ queue, depends_on: [jobs[0]!.job_id] })

	const row = await db.row('select * from taskq.queues where queue = $1', [queue])

	t.like(row, { ready_count: 4, waiting_count: 2, running_count: 2, paused_at: null, aging_seconds: null })
	t.truthy(row.oldest_ready_at)
})

test('workers shows what each has been granted', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 8, memoryMb: 512, task: { cpu_units: 1.5, memory_mb: 64 } })
	await stage.submit({}, {}, {})
	await stage.claim(2)

	const row = await db.row('select * from taskq.workers where worker_id = $1', [stage.worker])

	t.like(row, { running_count: 2, granted_cpu_units: 3, granted_memory_mb: 128, cpu_units: 8, memory_mb: 512, status: 'active' })
})

test('job_executions shows the attempts before, the last one, and the one that runs', async (t) => {
	const stage = await makeStage(db, { task: { initial_delay_seconds: 0 } })
	const id = await stage.submitOne()
	await stage.report(await stage.claim(), { outcome: 'failed', error: { name: 'E', message: 'no luck' } })
	await stage.claim()
	const running = await call(db.pool, 'jobExecutions', [id])
	await db.query('select taskq.complete_job(claim_id, job_ids[1]) from taskq_private.claims where job_ids @> array[$1::uuid]', [id])

	const ended = await call(db.pool, 'jobExecutions', [id])

	t.deepEqual(
		[running, ended].map((rows) => rows.map(({ attempt, outcome, ended_at }) => [attempt, outcome, ended_at !== null])),
		[
			[
				[1, 'failed', true],
				[2, null, false],
			],
			[
				[1, 'failed', true],
				[2, 'completed', true],
			],
		],
	)
	t.like(ended[0], { error: { name: 'E', message: 'no luck' }, worker_id: stage.worker })
})

test('job_logs can be read on from a line, from a level', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()
	const levels = ['debug', 'info', 'warn', 'error', 'info']
	await call(db.pool, 'logJobs', [JSON.stringify(levels.map((level) => ({ claim_id, job_id: id, level, message: level })))])

	const all = await call<{ log_id: string; level: string }>(db.pool, 'jobLogs', [id, 0, 'debug', 100])
	const rest = await call(db.pool, 'jobLogs', [id, all[1]!.log_id, 'debug', 2])
	const grave = await call(db.pool, 'jobLogs', [id, 0, 'warn', 100])

	t.deepEqual(
		[all, rest, grave].map((rows) => rows.map(({ level }) => level)),
		[levels, ['warn', 'error'], ['warn', 'error']],
	)
})

test('task_types shows what may be submitted', async (t) => {
	const { type } = await makeStage(db, { task: { description: 'Does it.', memory_mb: 5 } })

	const types = await call(db.pool, 'taskTypes', [])

	t.like(
		types.find((row) => row.type === type),
		{ description: 'Does it.', memory_mb: 5, payload_schema: {} },
	)
})

test('status_of knows each place, and null is nowhere', async (t) => {
	const stage = await makeStage(db)
	const states = ['pending', 'blocked', 'running', 'retrying', 'completed', 'failed', 'cancelled', 'ready']
	for (const state of states) t.is(await stage.status(await jobIn(stage, state)), state)

	t.is(await stage.status('01890a5d-ac96-774b-bcce-b302099a8057'), null as never)
})
