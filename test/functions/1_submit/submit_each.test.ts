import { randomUUID } from 'node:crypto'
import test from 'ava'
import { registerWorker, statusOf, useDb } from '../../support/db.ts'
import { makeStage, sqlState, submitEach } from '../../support/stage.ts'

const db = useDb(test)

test('each job of a list is answered for itself, and a bad one harms no other', async (t) => {
	const { type } = await makeStage(db)

	const answers = await submitEach(db.pool, [
		{ type },
		{ type: 'nobody-knows' },
		{ type, depends_on: [randomUUID()] },
		7,
		{ type, priority: 'low' },
	])

	t.deepEqual(
		answers.map(({ position, status, created, error }) => [position, status, created, error?.code ?? null]),
		[
			[0, 'ready', true, null],
			[1, null, false, 'TQ421'],
			[2, null, false, 'TQ423'],
			[3, null, false, 'TQ422'],
			[4, 'ready', true, null],
		],
	)
})

test('a job that was not made has no id', async (t) => {
	const { type } = await makeStage(db)

	const answers = await submitEach(db.pool, [{ type: 'nobody-knows' }, { type, depends_on: [randomUUID()] }, { type }])

	t.deepEqual(
		answers.map(({ job_id }) => job_id === null),
		[true, true, false],
	)
})

test('an empty list is answered with nothing', async (t) => {
	t.deepEqual(await submitEach(db.pool, []), [])
})

test('what is not a list is refused', async (t) => {
	for (const bad of [{}, 'text', 1, null]) t.is(await sqlState(submitEach(db.pool, bad)), 'TQ422', JSON.stringify(bad))
	t.is(await sqlState(db.query('select * from taskq.submit_each(null)')), 'TQ422')
})

test('text with a null character is refused by the database itself', async (t) => {
	const { type } = await makeStage(db)

	t.is(await sqlState(submitEach(db.pool, [{ type, payload: { text: 'a\u0000b' } }])), '22P05')
})

test('1,000 jobs of one call are taken in their order', async (t) => {
	const stage = await makeStage(db, { task: { memory_mb: 1 } })
	const ids = await stage.submit(...Array.from({ length: 1000 }, (_, n) => ({ payload: { n } })))

	const order: string[] = []
	for (let n = 0; n < 10; n++) {
		const claimed = await stage.claim(100)
		order.push(...claimed.jobs.map((job) => job.job_id))
		await stage.complete(claimed)
	}

	t.deepEqual(order, ids)
	t.deepEqual([...ids].sort(), ids)
})

test('created_at is the instant in the id', async (t) => {
	const stage = await makeStage(db)
	const ids = await stage.submit(...Array(50).fill({}))

	const { wrong } = await db.row(
		`select count(*)::int as wrong from taskq.jobs as j where job_id = any ($1)
		and not (j.job_id >= taskq_private.job_id_floor(j.created_at) and j.job_id < taskq_private.job_id_floor(j.created_at + interval '1 microsecond'))`,
		[ids],
	)

	t.is(wrong, 0)
})

test('a job larger than every live worker is accepted with a warning', async (t) => {
	const { type } = await makeStage(db, { cpuUnits: 4, memoryMb: 1000 })
	await registerWorker(db, { types: ['another'], cpuUnits: 1, memoryMb: 2_000_000 })

	const answers = await submitEach(db.pool, [
		{ type, resource_requirements: { cpu_units: 1000 } },
		{ type, resource_requirements: { cpu_units: 2, memory_mb: 1_500_000 } },
		{ type, resource_requirements: { cpu_units: 4, memory_mb: 1000 } },
		{ type },
	])

	t.deepEqual(
		answers.map(({ warnings, created }) => [warnings.length, created]),
		[
			[1, true],
			[1, true],
			[0, true],
			[0, true],
		],
	)
})

test('an event tells of the submit, with the jobs in their order', async (t) => {
	const stage = await makeStage(db)
	const ids = await stage.submit({}, {}, {})

	const events = await db.rows('select event, job_ids from taskq_private.job_events where job_ids && $1', [ids])

	t.deepEqual(events, [{ event: 'job_submitted', job_ids: ids }])
})

test('a submit that is rolled back leaves nothing', async (t) => {
	const { type } = await makeStage(db)
	const client = await db.client()
	await client.query('begin')

	const [answer] = await submitEach(client, [{ type, idempotency_key: 'rolled-back' }])
	await client.query('rollback')

	t.is(await statusOf(db, answer!.job_id!), null as never)
	t.true((await submitEach(db.pool, [{ type, idempotency_key: 'rolled-back', name: 'other' }]))[0]!.created)
})
