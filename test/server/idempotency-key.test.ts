import test from 'ava'
import { isProblem, type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

const submit = (body: Json, key?: string) =>
	api.post('/jobs', { type: 'echo', ...body }, key === undefined ? {} : { 'Idempotency-Key': key })

test('the header makes one job of many requests, as the field does', async (t) => {
	const first = await submit({ payload: { n: 1 } }, 'one')
	const again = await submit({ payload: { n: 1 } }, 'one')
	const quoted = await submit({ payload: { n: 1 } }, '"one"')
	const byField = await submit({ payload: { n: 1 }, idempotency_key: 'one' })
	const byBoth = await submit({ payload: { n: 1 }, idempotency_key: 'one' }, 'one')
	const other = await submit({ payload: { n: 2 } }, 'one')

	t.like(first, { status: 201, body: { created: true, idempotency_key: 'one' } })
	for (const answer of [again, quoted, byField, byBoth]) {
		t.like(answer, { status: 200, body: { id: first.body.id, created: false } })
		t.is(answer.headers.get('location'), `/jobs/${first.body.id}`)
	}
	isProblem(t, other, 409, 'idempotency_conflict', { job_id: first.body.id, field: 'idempotency_key' })
})

test('fifty requests under one header at the same time make one job', async (t) => {
	const answers = await Promise.all(Array.from({ length: 50 }, () => submit({ queue: 'fifty' }, 'fifty')))

	t.is(new Set(answers.map(({ body }) => body.id)).size, 1)
	t.deepEqual(answers.map(({ status }) => status).toSorted(), [...Array(49).fill(200), 201])
	t.is((await db.rows("select from taskq.jobs where queue = 'fifty'")).length, 1)
})

test('a key that cannot be is refused', async (t) => {
	isProblem(t, await submit({ idempotency_key: 'a' }, 'b'), 422, 'invalid_request', { field: 'idempotency_key' })
	for (const key of ['', '""', 'x'.repeat(256), 'schl\u00fcssel', '"a\\"', '"a\tb"'])
		isProblem(t, await submit({}, key), 422, 'invalid_request', { field: 'Idempotency-Key' })
	t.is((await submit({}, `"${'x'.repeat(255)}"`)).status, 201)
	t.is((await submit({}, '"a \\"b\\" c"')).body.idempotency_key, 'a "b" c')
	isProblem(t, await api.post('/jobs', '[]', { 'Idempotency-Key': 'list' }), 422, 'invalid_request', { field: 'body' })
	isProblem(t, await submit({ idempotency_key: 7 }, 'seven'), 422, 'invalid_request', { field: 'idempotency_key' })
})

test('the header is the key of the workflow of a batch', async (t) => {
	const send = (body: Json, key = 'nightly') => api.post('/jobs/batch', body, { 'Idempotency-Key': key })
	const batch = { workflow: { name: 'nightly' }, jobs: [{ type: 'echo', name: 'a' }] }

	const first = await send(batch)
	const again = await send(batch)
	const other = await send({ ...batch, jobs: [{ type: 'echo', name: 'b' }] })
	const differing = await send({ ...batch, workflow: { name: 'nightly', idempotency_key: 'weekly' } })
	const none = await send({ jobs: batch.jobs })

	t.is(first.status, 201)
	t.like(again, { status: 200, body: { workflow_id: first.body.workflow_id, jobs: [{ id: first.body.jobs[0].id, created: false }] } })
	isProblem(t, other, 409, 'idempotency_conflict', { workflow_id: first.body.workflow_id })
	isProblem(t, differing, 422, 'invalid_request', { field: 'workflow.idempotency_key' })
	isProblem(t, none, 422, 'invalid_request', { field: 'workflow' })
})
