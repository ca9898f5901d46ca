import { randomUUID } from 'node:crypto'
import test from 'ava'
import { useDb } from '../../support/db.ts'
import { makeStage, submitEach } from '../../support/stage.ts'

const db = useDb(test)

test('a second submit under a key is answered with the first job, in the state that it has by then', async (t) => {
	const stage = await makeStage(db)
	const request = { type: stage.type, payload: { a: 1, b: 2 }, idempotency_key: randomUUID() }
	const [first] = await submitEach(db.pool, [request])
	await stage.completeAll()

	const [second] = await submitEach(db.pool, [{ ...request, payload: { b: 2, a: 1 } }])

	t.like(second, { job_id: first!.job_id, status: 'completed', created: false, error: null })
})

test('another request under the same key is answered TQ410 naming the first job', async (t) => {
	const { type } = await makeStage(db)
	const idempotency_key = randomUUID()
	const [first] = await submitEach(db.pool, [{ type, idempotency_key, payload: { a: 1 } }])

	const answers = await submitEach(db.pool, [
		{ type, idempotency_key, payload: { a: 2 } },
		{ type, idempotency_key, payload: { a: 1 }, priority: 1 },
		{ type, idempotency_key },
	])

	t.deepEqual(
		answers.map(({ error, job_id }) => [error?.code, error?.job_id, job_id]),
		Array(3).fill(['TQ410', first!.job_id, null]),
	)
})

test('who submits and the trace are no part of the request', async (t) => {
	const { type } = await makeStage(db)
	const request = { type, idempotency_key: randomUUID() }
	const [first] = await submitEach(db.pool, [{ ...request, created_by: 'a', trace_context: 'a' }])

	const [second] = await submitEach(db.pool, [{ ...request, created_by: 'b', trace_context: 'b' }])

	t.is(second!.job_id, first!.job_id)
})

test('a key that comes twice in one list makes one job', async (t) => {
	const { type } = await makeStage(db)
	const request = { type, idempotency_key: randomUUID() }

	const answers = await submitEach(db.pool, [request, request, { ...request, priority: 1 }])

	t.deepEqual(
		answers.map(({ job_id, created, status, error }) => [job_id === answers[0]!.job_id, created, status, error?.code ?? null]),
		[
			[true, true, 'ready', null],
			[true, false, 'ready', null],
			[false, false, null, 'TQ410'],
		],
	)
})

test('a bad request does not use its key up', async (t) => {
	const { type } = await makeStage(db)
	const request = { type, idempotency_key: randomUUID() }
	await submitEach(db.pool, [
		{ ...request, priority: 99 },
		{ ...request, type: 'nobody-knows' },
	])
	await submitEach(db.pool, [{ ...request, depends_on: [randomUUID()] }])

	const [good] = await submitEach(db.pool, [request])

	t.true(good!.created)
})

test('the repeat of a bad request in one list is answered with the same error', async (t) => {
	const { type } = await makeStage(db)
	const request = { type, idempotency_key: randomUUID(), depends_on: [randomUUID()] }

	const answers = await submitEach(db.pool, [request, request])

	t.deepEqual(
		answers.map(({ error, job_id }) => [error?.code, job_id]),
		[
			['TQ423', null],
			['TQ423', null],
		],
	)
})

test('a repeat is answered with its job even when the dependency has been deleted', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()
	const request = { type: stage.type, idempotency_key: randomUUID(), depends_on: [parent] }
	await stage.failAll()
	const [first] = await submitEach(db.pool, [request])
	await db.query('select taskq.discard_job($1)', [parent])

	const [second] = await submitEach(db.pool, [request])

	t.like(second, { job_id: first!.job_id, status: 'cancelled', error: null })
})
