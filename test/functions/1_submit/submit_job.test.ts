import { randomUUID } from 'node:crypto'
import test from 'ava'
import { useDb } from '../../support/db.ts'
import { errorOf, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const submitJob = (type: string, rest = '') => db.row(`select * from taskq.submit_job($1${rest && `, ${rest}`})`, [type])

test('a type is enough', async (t) => {
	const stage = await makeStage(db)

	const answer = await submitJob(stage.type)

	t.like(answer, { status: 'ready', created: true, warnings: [] })
	t.like(await stage.job(answer.job_id), { type: stage.type, payload: {}, priority: 3, queue: 'default' })
})

test('every argument reaches the job', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()

	const { job_id } = await submitJob(
		stage.type,
		`'[1]', 'mail', '7', '2999-01-01 01:00:00.5+01', array['${parent}']::uuid[], 1.5, 64, 4, 9, '{"jitter": 0.5}', 'key', '{"a": 1}', 'mine'`,
	)

	t.like(await stage.job(job_id), {
		...{ payload: [1], queue: 'mail', priority: 7, run_at: '2999-01-01T00:00:00.5+00:00', depends_on: [parent], cpu_units: 1.5 },
		...{ memory_mb: 64, max_attempts: 4, timeout_seconds: 9, jitter: 0.5, idempotency_key: 'key', metadata: { a: 1 }, name: 'mine' },
	})
})

test('null means as if it were not given', async (t) => {
	const stage = await makeStage(db)

	const { job_id } = await submitJob(stage.type, Array(15).fill('null').join(', '))

	t.like(await stage.job(job_id), { payload: {}, queue: 'default', metadata: null })
})

test('nulls within a payload stay', async (t) => {
	const stage = await makeStage(db)

	const { job_id } = await submitJob(stage.type, `'{"a": null}'`)

	t.deepEqual((await stage.job(job_id)).payload, { a: null })
})

test('a bad value is raised with its code and its field', async (t) => {
	const { type } = await makeStage(db)

	t.like(await errorOf(submitJob('nobody-knows')), { code: 'TQ421', column: 'type' })
	t.like(await errorOf(submitJob(type, `priority => 'urgent'`)), { code: 'TQ422', column: 'priority' })
	t.like(await errorOf(submitJob(type, 'max_attempts => 0')), { code: 'TQ422', column: 'retry_config.max_attempts' })
	t.like(await errorOf(submitJob(type, 'memory_mb => -1')), { code: 'TQ422', column: 'resource_requirements.memory_mb' })
	t.like(await errorOf(submitJob(type, `depends_on => array['${randomUUID()}']::uuid[]`)), { code: 'TQ423', column: 'depends_on' })
	t.is(await sqlState(submitJob(type, `depends_on => '{null}'`)), 'TQ422')
	t.is(await sqlState(submitJob(type, `run_at => 'infinity'`)), 'TQ422')
	t.is(await sqlState(db.query('select taskq.submit_job(null)')), 'TQ422')
})

test('a second submit under a key says that it made nothing', async (t) => {
	const { type } = await makeStage(db)
	const first = await submitJob(type, `idempotency_key => 'once'`)

	const second = await submitJob(type, `idempotency_key => 'once'`)

	t.like(second, { job_id: first.job_id, created: false })
	t.like(await errorOf(submitJob(type, `'{"a": 1}', idempotency_key => 'once'`)), { code: 'TQ410', detail: first.job_id })
})
