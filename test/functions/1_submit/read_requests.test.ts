import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

test('what a job does not say comes from its type', async (t) => {
	const stage = await makeStage(db, {
		task: {
			...{ cpu_units: 1.5, memory_mb: 64, timeout_seconds: 7, max_attempts: 9 },
			...{ initial_delay_seconds: 2, backoff_multiplier: 3, max_delay_seconds: 50, jitter: 0.25 },
		},
	})

	const job = await stage.job(await stage.submitOne())

	t.like(job, { cpu_units: 1.5, memory_mb: 64, timeout_seconds: 7, max_attempts: 9 })
	t.like(job, { initial_delay_seconds: 2, backoff_multiplier: 3, max_delay_seconds: 50, jitter: 0.25 })
})

test('what neither job nor type says comes from the settings, or is the default', async (t) => {
	const stage = await makeStage(db)
	await call(db.pool, 'configure', [5, 77, null, null])

	const job = await stage.job(await stage.submitOne())
	await call(db.pool, 'configure', [3, 300, null, null])

	t.like(job, { max_attempts: 5, timeout_seconds: 77, queue: 'default', priority: 3, cpu_units: 0, memory_mb: 0, payload: {} })
	t.like(job, { run_at: null, name: null, metadata: null, idempotency_key: null, trace_context: null, depends_on: [] })
})

test('what a job says goes before its type and the settings', async (t) => {
	const stage = await makeStage(db, { task: { cpu_units: 1, memory_mb: 64, timeout_seconds: 7, max_attempts: 9 } })
	const retry_config = { max_attempts: 2, initial_delay_seconds: 0.5, backoff_multiplier: 1.5, max_delay_seconds: 10, jitter: 0.5 }

	const job = await stage.job(
		await stage.submitOne({
			...{ queue: 'mail', priority: 'critical', timeout_seconds: 11, retry_config, name: 'mine', created_by: 'me' },
			...{ resource_requirements: { cpu_units: 0.125, memory_mb: 1 }, metadata: { team: 'a' }, trace_context: 'trace' },
		}),
	)

	t.like(job, { queue: 'mail', priority: 1, timeout_seconds: 11, name: 'mine', created_by: 'me', trace_context: 'trace', ...retry_config })
	t.like(job, { cpu_units: 0.125, memory_mb: 1, metadata: { team: 'a' } })
})

test('cpu has three decimals, and what has more is refused', async (t) => {
	const stage = await makeStage(db)

	const job = await stage.job(await stage.submitOne({ resource_requirements: { cpu_units: 0.123 } }))

	t.is(job.cpu_units, 0.123)
	t.is(await sqlState(stage.submitOne({ resource_requirements: { cpu_units: 0.12345 } })), 'TQ422')
})

test('each level of priority has its number', async (t) => {
	const stage = await makeStage(db)
	const levels = ['critical', 'high', 'normal', 'low', 'HIGH', '7', 10]

	const ids = await stage.submit(...levels.map((priority) => ({ priority })))

	t.deepEqual(await Promise.all(ids.map(async (id) => (await stage.job(id)).priority)), [1, 2, 3, 4, 2, 7, 10])
})

test('a run_at in the future makes a job pending, one in the past makes it ready', async (t) => {
	const stage = await makeStage(db)

	const [future, past] = await stage.submit({ run_at: '2999-01-01T00:00:00+01:00' }, { run_at: '2001-01-01T00:00:00Z' })

	t.like(await stage.job(future!), { status: 'pending', run_at: '2998-12-31T23:00:00+00:00', due_at: '2998-12-31T23:00:00+00:00' })
	t.is((await stage.job(past!)).status, 'ready')
})

test('jobs of one shape share a lane, a new shape gets its own', async (t) => {
	const stage = await makeStage(db)
	await stage.submit({}, {}, { queue: 'other' }, { priority: 1 }, { resource_requirements: { memory_mb: 5 } }, { payload: { a: 1 } })

	const lanes = await db.rows('select queue, priority, memory_mb from taskq_private.lanes where type = $1 order by 1, 2, 3', [stage.type])

	t.deepEqual(lanes, [
		{ queue: 'default', priority: 1, memory_mb: 0 },
		{ queue: 'default', priority: 3, memory_mb: 0 },
		{ queue: 'default', priority: 3, memory_mb: 5 },
		{ queue: 'other', priority: 3, memory_mb: 0 },
	])
})

test('a type that is registered again changes jobs to come and none that are there', async (t) => {
	const stage = await makeStage(db, { task: { timeout_seconds: 7 } })
	const before = await stage.submitOne()
	await call(db.pool, 'registerTaskTypes', [JSON.stringify([{ type: stage.type, timeout_seconds: 8 }])])

	const after = await stage.submitOne()

	t.deepEqual([(await stage.job(before)).timeout_seconds, (await stage.job(after)).timeout_seconds], [7, 8])
})
