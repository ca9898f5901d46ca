import { randomUUID } from 'node:crypto'
import test from 'ava'
import { claim, registerWorker, statusOf } from '../support/db.ts'
import { isProblem, type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

interface Started {
	id: string
	ids: Record<string, string>
}

/** Submits a workflow in which `b` waits for `a`, and `sorry` for the failure of `a`, in a queue of its own name. */
async function startWorkflow(name: string): Promise<Started> {
	const jobs = [
		{ name: 'a', type: 'echo', queue: name },
		{ name: 'b', type: 'echo', queue: name, depends_on: ['a'] },
		{ name: 'sorry', type: 'echo', queue: name, depends_on: [{ job: 'a', condition: 'failure' }] },
	]
	const { body } = await api.post('/jobs/batch', { workflow: { name, metadata: { name }, idempotency_key: `key of ${name}` }, jobs })
	return { id: body.workflow_id, ids: Object.fromEntries(body.jobs.map(({ name, id }: Json) => [name, id])) }
}

/** Runs the one job of a queue that is ready. */
async function runNext(queue: string, outcome: 'completed' | 'failed'): Promise<void> {
	const worker = await registerWorker(db, { types: ['echo'], queues: [queue] })
	const { claim_id, jobs } = await claim(db, worker)
	const ending = outcome === 'completed' ? { result: 1 } : { fatal: true, error: { name: 'Error', message: 'no' } }
	await claim(db, worker, 0, [{ claim_id: claim_id!, job_id: jobs[0]!.job_id, outcome, ...ending }])
}

test('a workflow shows its status, and how many of its jobs have ended how', async (t) => {
	const { id } = await startWorkflow('shown')

	const { body: running } = await api.get(`/workflows/${id}`)
	await runNext('shown', 'completed')
	const { body: halfway } = await api.get(`/workflows/${id}`)
	await runNext('shown', 'completed')
	const { body: completed } = await api.get(`/workflows/${id}`)

	t.like(running, {
		...{ id, name: 'shown', status: 'running', metadata: { name: 'shown' }, idempotency_key: 'key of shown' },
		counts: { total: 3, unfinished: 3, completed: 0, failed: 0, cancelled: 0, skipped: 0 },
		...{ finished_at: null, cancel_requested_at: null, cancel_reason: null },
	})
	t.is(typeof running.created_by, 'string')
	t.regex(running.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
	t.like(halfway, { status: 'running', counts: { unfinished: 1, completed: 1, skipped: 1 } })
	t.like(completed, { status: 'completed', counts: { total: 3, unfinished: 0, completed: 2, failed: 0, cancelled: 0, skipped: 1 } })
	t.regex(completed.finished_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

test('a workflow is cancelled with a reason, and doing so again is refused with its status', async (t) => {
	const { id, ids } = await startWorkflow('cancelled')

	const first = await api.send('PATCH', `/workflows/${id}/cancel`, { reason: 'not today' })
	const second = await api.send('PATCH', `/workflows/${id}/cancel`)

	t.is(first.status, 200)
	t.deepEqual(first.body, { id, status: 'cancelled', cancel_requested: false })
	t.like((await api.get(`/workflows/${id}`)).body, { status: 'cancelled', cancel_reason: 'not today', counts: { unfinished: 0 } })
	t.like((await api.get(`/jobs/${ids.a}`)).body, { status: 'cancelled', reason: 'requested', error: { message: 'not today' } })
	isProblem(t, second, 409, 'invalid_state', { state: 'cancelled' })
})

test('a workflow with running jobs asks them to stop', async (t) => {
	const { id, ids } = await startWorkflow('asked')
	await claim(db, await registerWorker(db, { types: ['echo'], queues: ['asked'] }))

	const { body } = await api.send('PATCH', `/workflows/${id}/cancel`)

	t.deepEqual(body, { id, status: 'running', cancel_requested: true })
	t.is(typeof (await api.get(`/jobs/${ids.a}`)).body.cancel_requested_at, 'string')
	t.is(typeof (await api.get(`/workflows/${id}`)).body.cancel_requested_at, 'string')
})

test('a cancel request with a field that it does not have is refused', async (t) => {
	const { id } = await startWorkflow('kept')

	isProblem(t, await api.send('PATCH', `/workflows/${id}/cancel`, { why: 'x' }), 422, 'invalid_request', { field: 'why' })
	t.is((await api.get(`/workflows/${id}`)).body.status, 'running')
})

test('readers may look at workflows and not cancel them', async (t) => {
	const { id } = await startWorkflow('read')
	const { api_key } = await db.row("select taskq.create_api_key('workflow-reader', 'taskq_reader') as api_key")
	const headers = { Authorization: `Bearer ${api_key}` }

	t.is((await api.get(`/workflows/${id}`, headers)).status, 200)
	t.is((await api.get('/workflows', headers)).status, 200)
	t.is((await api.get(`/workflows/${id}/graph`, headers)).status, 200)
	isProblem(t, await api.send('PATCH', `/workflows/${id}/cancel`, {}, headers), 403, 'forbidden')
})

test('workflows are listed by name and status, newest first, page by page', async (t) => {
	const started: string[] = []
	for (let i = 0; i < 3; i++) {
		const { body } = await api.post('/jobs/batch', { workflow: { name: 'listed' }, jobs: [{ type: 'echo' }] })
		started.push(body.workflow_id)
	}
	await api.send('PATCH', `/workflows/${started[1]}/cancel`)
	const list = async (query: string) => (await api.get(`/workflows?${query}`)).body
	const ids = ({ workflows }: Json) => workflows.map(({ id }: Json) => id)

	const first = await list('name=listed&limit=2')
	const second = await list(`name=listed&limit=2&cursor=${first.next_cursor}`)

	t.deepEqual([...ids(first), ...ids(second)], started.toReversed())
	t.is(second.next_cursor, null)
	t.deepEqual(ids(await list('name=listed&status=cancelled')), [started[1]])
	t.deepEqual(ids(await list('name=listed&status=running,cancelled')), started.toReversed())
	t.deepEqual(ids(await list('name=nobody')), [])
	t.true(ids(await list('status=cancelled')).includes(started[1]))
	t.deepEqual(first.workflows[0], (await api.get(`/workflows/${started[2]}`)).body)
})

test('jobs are listed by their workflow', async (t) => {
	const { id, ids } = await startWorkflow('members')
	const list = async (query: string) => (await api.get(`/jobs?workflow_id=${query}`)).body
	const idsOf = ({ jobs }: Json) => jobs.map(({ id }: Json) => id)

	const first = await list(`${id}&limit=2&total=true`)
	const second = await list(`${id}&limit=2&cursor=${first.next_cursor}`)

	t.is(first.total, 3)
	t.deepEqual([...idsOf(first), ...idsOf(second)], [ids.sorry, ids.b, ids.a])
	t.deepEqual(idsOf(await list(`${id}&status=ready`)), [ids.a])
	t.deepEqual(idsOf(await list(ids.a!)), [])
})

test('a failed job is retried with what was cancelled because of it', async (t) => {
	const { id, ids } = await startWorkflow('revived')
	await runNext('revived', 'failed')
	const before = await statusOf(db, ids.b!)

	const alone = await api.post(`/jobs/${ids.a}/retries`, {})
	const stays = await statusOf(db, ids.b!)
	await runNext('revived', 'failed')
	const { status, body } = await api.post(`/jobs/${ids.a}/retries`, { with_dependents: true })

	t.is(before, 'cancelled')
	t.is(alone.status, 201)
	t.is(stays, 'cancelled')
	t.is(status, 201)
	t.deepEqual(body, { id: ids.a, status: 'ready' })
	t.is(await statusOf(db, ids.b!), 'blocked')
	t.is((await api.get(`/workflows/${id}`)).body.status, 'running')
})

test('dead letters are retried with what was cancelled because of them', async (t) => {
	const one = await startWorkflow('letter')
	const many = await startWorkflow('letters')
	for (const queue of ['letter', 'letters']) await runNext(queue, 'failed')

	await api.post(`/dead-letters/${one.ids.a}/retries`, { with_dependents: true })
	const { body } = await api.post('/dead-letters/retries', { queue: 'letters', with_dependents: true })

	t.deepEqual(body, { retried: 1 })
	for (const { ids } of [one, many]) t.is(await statusOf(db, ids.b!), 'blocked')
})

test('wrong requests to retry are refused', async (t) => {
	const { id } = await api.submit()

	for (const path of [`/jobs/${id}/retries`, `/dead-letters/${id}/retries`, '/dead-letters/retries'])
		for (const body of [{ with_dependents: 'yes' }, { with_dependants: true }])
			isProblem(t, await api.post(path, body), 422, 'invalid_request', { field: Object.keys(body)[0] })
})

test('a workflow goes on where it failed', async (t) => {
	const { id, ids } = await startWorkflow('resumed')
	await runNext('resumed', 'failed')

	const { status, body, headers } = await api.post(`/workflows/${id}/retries`, {})
	const again = await api.post(`/workflows/${id}/retries`, {})
	const unknown = await api.post(`/workflows/${randomUUID()}/retries`, {})

	t.is(status, 201)
	t.is(headers.get('location'), `/workflows/${id}`)
	t.deepEqual(body, { id, retried: 1 })
	t.is(await statusOf(db, ids.a!), 'ready')
	t.is(await statusOf(db, ids.b!), 'blocked')
	isProblem(t, again, 409, 'invalid_state', { state: 'running' })
	isProblem(t, unknown, 404, 'not_found')
})
