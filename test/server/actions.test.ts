import test from 'ava'
import { claim, registerWorker, statusOf } from '../support/db.ts'
import { isProblem, type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

/** A job of a queue of its own that has failed for good. */
async function failedJob(queue: string): Promise<string> {
	const worker = await registerWorker(db, { types: ['echo'], queues: [queue] })
	const { id } = await api.submit({ queue })
	const { claim_id } = await claim(db, worker)
	await claim(db, worker, 0, [
		{ claim_id: claim_id!, job_id: id, outcome: 'failed', fatal: true, error: { name: 'Error', message: 'never works' } },
	])
	return id
}

test('cancelling a waiting job ends it, and doing so again is refused with its state', async (t) => {
	const { id } = await api.submit()

	const first = await api.send('PATCH', `/jobs/${id}/cancel`, { reason: 'not needed' })
	const second = await api.send('PATCH', `/jobs/${id}/cancel`)

	t.is(first.status, 200)
	t.deepEqual(first.body, { id, status: 'cancelled', cancel_requested: false })
	t.like((await api.get(`/jobs/${id}`)).body, { status: 'cancelled', reason: 'requested', error: { message: 'not needed' } })
	isProblem(t, second, 409, 'invalid_state', { state: 'cancelled' })
})

test('cancelling a running job asks it to stop', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['asked'] })
	const { id } = await api.submit({ queue: 'asked' })
	await claim(db, worker)

	const { body } = await api.send('PATCH', `/jobs/${id}/cancel`)

	t.deepEqual(body, { id, status: 'running', cancel_requested: true })
	t.is(typeof (await api.get(`/jobs/${id}`)).body.cancel_requested_at, 'string')
})

test('a cancel request with a field that it does not have is refused', async (t) => {
	const { id } = await api.submit()

	isProblem(t, await api.send('PATCH', `/jobs/${id}/cancel`, { why: 'x' }), 422, 'invalid_request', { field: 'why' })
	isProblem(t, await api.send('PATCH', `/jobs/${id}/cancel`, { reason: 'a\0' }), 422, 'invalid_request', { field: 'reason' })
	t.is(await statusOf(db, id), 'ready')
})

test('retrying a job that does not allow it is refused with its state', async (t) => {
	const { id } = await api.submit()

	isProblem(t, await api.post(`/jobs/${id}/retries`), 409, 'invalid_state', { state: 'ready' })
	isProblem(t, await api.send('DELETE', `/dead-letters/${id}`), 409, 'invalid_state', { state: 'ready' })
})

test('a cancelled job can be retried', async (t) => {
	const { id } = await api.submit()
	await api.send('PATCH', `/jobs/${id}/cancel`)

	const { status, body } = await api.post(`/jobs/${id}/retries`)

	t.is(status, 201)
	t.deepEqual(body, { id, status: 'ready' })
})

test('a dependency is added to a job that has not started', async (t) => {
	const [child, parent] = [await api.submit(), await api.submit()]

	const { status, body } = await api.post(`/jobs/${child.id}/dependencies`, { depends_on: parent.id })

	t.is(status, 201)
	t.deepEqual(body, { id: child.id, status: 'blocked', depends_on: parent.id, condition: 'success' })
	t.deepEqual((await api.get(`/jobs/${child.id}`)).body.depends_on, [parent.id])
	const { body: why } = await api.get(`/jobs/${child.id}/why`)
	t.false(why.runnable)
	t.like(why.reasons[0], { code: 'blocked_by', details: { job_ids: [parent.id] } })
})

test('a dependency that would close a cycle is refused with its members', async (t) => {
	const parent = await api.submit()
	const child = await api.submit({ depends_on: [parent.id] })

	const answer = await api.post(`/jobs/${parent.id}/dependencies`, { depends_on: child.id })

	isProblem(t, answer, 422, 'dependency_cycle', { field: 'depends_on' })
	t.deepEqual(answer.body.members, [parent.id, child.id, parent.id])
	isProblem(t, await api.post(`/jobs/${parent.id}/dependencies`, { depends_on: parent.id }), 422, 'dependency_cycle')
})

test('a dependency that is no job is refused, and one on a failed job conflicts', async (t) => {
	const { id } = await api.submit()
	const failed = await failedJob('parents')
	const path = `/jobs/${id}/dependencies`

	isProblem(t, await api.post(path, { depends_on: 'x' }), 422, 'unknown_dependency', { field: 'depends_on' })
	isProblem(t, await api.post(path, { depends_on: '0190a0a0-0000-7000-8000-000000000000' }), 422, 'unknown_dependency', {
		field: 'depends_on',
	})
	isProblem(t, await api.post(path, { depends_on: [id] }), 422, 'invalid_request', { field: 'depends_on' })
	isProblem(t, await api.post(path), 422, 'invalid_request')
	isProblem(t, await api.post(path, { depends_on: failed }), 409, 'invalid_state', { state: 'failed' })
})

test('a paused queue keeps its jobs until it is resumed', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['paused'] })
	const { id } = await api.submit({ queue: 'paused' })

	const paused = await api.send('PUT', '/queues/paused/pause')
	const whilePaused = await claim(db, worker)
	const { body: why } = await api.get(`/jobs/${id}/why`)
	const resumed = await api.send('DELETE', '/queues/paused/pause')
	const { body: whyNow } = await api.get(`/jobs/${id}/why`)
	const afterwards = await claim(db, worker)

	t.deepEqual(paused.body, { queue: 'paused', paused: true })
	t.is(whilePaused.jobs.length, 0)
	t.false(why.runnable)
	t.true(why.reasons.some(({ code }: Json) => code === 'queue_paused'))
	t.deepEqual(resumed.body, { queue: 'paused', paused: false })
	t.true(whyNow.runnable)
	t.is(afterwards.jobs[0]!.job_id, id)
})

test('a queue that cannot be is refused, and one that is not is not found', async (t) => {
	isProblem(t, await api.send('PUT', '/queues/a%20b/pause'), 422, 'invalid_request', { field: 'name' })
	isProblem(t, await api.send('DELETE', '/queues/nobody/pause'), 404, 'not_found')
})

test('a drained worker takes nothing new, and one that has ended cannot be drained', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['drained'] })
	await api.submit({ queue: 'drained' })

	const { body } = await api.post(`/workers/${worker}/drain`)
	const claimed = await claim(db, worker)
	await db.query('select taskq.stop_worker($1)', [worker])

	t.deepEqual(body, { id: worker, status: 'draining' })
	t.is(claimed.jobs.length, 0)
	isProblem(t, await api.post(`/workers/${worker}/drain`), 409, 'worker_ended')
})
