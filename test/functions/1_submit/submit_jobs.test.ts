import { randomUUID } from 'node:crypto'
import test from 'ava'
import { useDb } from '../../support/db.ts'
import { errorOf, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const submitJobs = (jobs: unknown) => db.rows('select * from taskq.submit_jobs($1)', [JSON.stringify(jobs)])
const countOf = async (type: string) => (await db.row('select taskq.count_jobs(type => array[$1]) as n', [type])).n

test('a good list is submitted, each with its position', async (t) => {
	const { type } = await makeStage(db)

	const answers = await submitJobs([{ type }, { type, run_at: '2999-01-01T00:00:00Z' }])

	t.deepEqual(
		answers.map(({ position, status, created }) => [position, status, created]),
		[
			[0, 'ready', true],
			[1, 'pending', true],
		],
	)
})

test('a list with a bad job is refused whole, and the error says which and where', async (t) => {
	const { type } = await makeStage(db)

	const error = await errorOf(submitJobs([{ type }, { type, priority: 99 }, { type, timeout_seconds: 0 }]))

	t.like(error, { code: 'TQ422', column: 'jobs[1].priority' })
	t.is(await countOf(type), '0')
})

test('an error that only shows late refuses the list whole as well', async (t) => {
	const { type } = await makeStage(db)
	const idempotency_key = randomUUID()

	const error = await errorOf(
		submitJobs([
			{ type, idempotency_key },
			{ type, depends_on: [randomUUID()] },
		]),
	)

	t.like(error, { code: 'TQ423', column: 'jobs[1].depends_on' })
	t.is((await submitJobs([{ type, idempotency_key, priority: 1 }]))[0]!.created, true)
})

test('a key that was used for another request refuses the list and names the job', async (t) => {
	const { type } = await makeStage(db)
	const [first] = await submitJobs([{ type, idempotency_key: 'k' }])

	const error = await errorOf(submitJobs([{ type }, { type, idempotency_key: 'k', priority: 1 }]))

	t.like(error, { code: 'TQ410', detail: first!.job_id })
})

test('a key that comes back with the same request does not refuse the list', async (t) => {
	const { type } = await makeStage(db)
	const [first] = await submitJobs([{ type, idempotency_key: 'again' }])

	const answers = await submitJobs([{ type, idempotency_key: 'again' }, { type }])

	t.deepEqual(
		answers.map(({ job_id, created }) => [job_id === first!.job_id, created]),
		[
			[true, false],
			[false, true],
		],
	)
})

test('an empty list is answered with nothing, what is no list is refused', async (t) => {
	t.deepEqual(await submitJobs([]), [])
	t.is(await sqlState(submitJobs({})), 'TQ422')
	t.is(await sqlState(db.query('select * from taskq.submit_jobs(null)')), 'TQ422')
})

test('more than 200,000 dependencies in one call are refused before anything is looked at', async (t) => {
	const { type } = await makeStage(db)
	const depends_on = Array.from({ length: 10_000 }, () => randomUUID())

	t.is(await sqlState(submitJobs(Array(21).fill({ type, depends_on }))), 'TQ413')
})
