import test from 'ava'
import { claim, registerWorker } from '../support/db.ts'
import { type Json, openStream, useServer } from './support.ts'

const { db, api } = useServer(test)

/** Submits a workflow of one job in a queue of its own name. */
async function startWorkflow(name: string): Promise<string> {
	const { body } = await api.post('/jobs/batch', { workflow: { name }, jobs: [{ type: 'echo', queue: name }] })
	return body.workflow_id
}

async function runJob(queue: string, outcome: 'completed' | 'failed'): Promise<void> {
	const worker = await registerWorker(db, { types: ['echo'], queues: [queue] })
	const { claim_id, jobs } = await claim(db, worker)
	const ending = outcome === 'completed' ? { result: 1 } : { fatal: true, error: { name: 'Error', message: 'no' } }
	await claim(db, worker, 0, [{ claim_id: claim_id!, job_id: jobs[0]!.job_id, outcome, ...ending }])
}

const about = (id: string, event?: string) => (message: Json) => message.workflow_id === id && (!event || message.event === event)

test('whoever asks for workflows is told how each begins and ends', async (t) => {
	const stream = await openStream(api.url, '?topics=workflow')

	const completed = await startWorkflow('streamed')
	await runJob('streamed', 'completed')
	const failed = await startWorkflow('streamed-failing')
	await runJob('streamed-failing', 'failed')
	const cancelled = await startWorkflow('streamed-cancelled')
	await api.send('PATCH', `/workflows/${cancelled}/cancel`)

	const message = await stream.find(about(completed, 'workflow_completed'))
	const { id, data, ...rest } = message
	t.deepEqual(rest, { type: 'workflow_update', event: 'workflow_completed', workflow_id: completed })
	t.true(Number.isInteger(id))
	t.deepEqual(Object.keys(data), ['workflow_id', 'timestamp'])
	t.regex(data.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
	t.is((await stream.find(about(failed, 'workflow_failed'))).workflow_id, failed)
	t.is((await stream.find(about(cancelled, 'workflow_cancelled'))).workflow_id, cancelled)
	t.is(stream.messages.filter(about(completed)).length, 2)
	t.is(stream.messages.find(about(completed)).event, 'workflow_submitted')
	t.false(stream.messages.some(({ type }) => type === 'job_update'))
	stream.ws.close()
})

test('messages of workflows are chosen by workflow and event, and come to no one else', async (t) => {
	const one = await startWorkflow('chosen')
	const other = await startWorkflow('passed-over')
	const queries = [
		`?workflow=${one}`,
		`?workflow=${one.toUpperCase()},${other}&event=workflow_cancelled`,
		`?topics=job,workflow&workflow=${one}`,
		'?topics=workflow&event=workflow_failed',
		'?topics=workflow&queue=chosen',
		`?topics=workflow&job=${one}`,
		'?topics=workflow&type=echo',
		'',
	]
	const streams = await Promise.all(queries.map((query) => openStream(api.url, query)))
	const witness = await openStream(api.url, '?topics=workflow')

	for (const id of [one, other]) {
		await api.send('PATCH', `/workflows/${id}/cancel`)
		await witness.find(about(id, 'workflow_cancelled'))
	}
	await Promise.all(streams.map(({ ws }) => new Promise((resolve) => ws.once('pong', resolve).ping())))

	const ended = (message: Json) => [one, other].includes(message.workflow_id) && message.event !== 'workflow_submitted'
	const seen = streams.map(({ messages }) => messages.filter(ended).map(({ workflow_id }) => workflow_id))
	t.deepEqual(seen, [[one], [one, other], [one], [], [], [], [], []])
	t.false(
		streams[2]!.messages.some(({ type }) => type === 'job_update'),
		'messages of jobs do not know their workflow',
	)
	t.true(streams[7]!.messages.some(({ event }) => event === 'job_cancelled'))
	for (const { ws } of [...streams, witness]) ws.close()
})

test('what happened to workflows is sent again to whoever resumes', async (t) => {
	const first = await openStream(api.url, '?topics=workflow')
	const id = await startWorkflow('resumed')
	const submitted = await first.find(about(id, 'workflow_submitted'))
	first.ws.close()
	await api.send('PATCH', `/workflows/${id}/cancel`)

	const second = await openStream(api.url, `?workflow=${id}&since=${submitted.id}`)
	const cancelled = await second.find(about(id, 'workflow_cancelled'))

	t.true(cancelled.id > submitted.id)
	t.false(second.messages.some(about(id, 'workflow_submitted')))
	second.ws.close()
})

test('a subscription by message can name workflows, and wrong ones are refused', async (t) => {
	const stream = await openStream(api.url)
	const id = await startWorkflow('subscribed')

	stream.send({ action: 'subscribe', filters: { workflow: [id] } })
	const { filters } = await stream.find(({ type }) => type === 'subscribed')
	stream.send({ action: 'subscribe', filters: { workflow: 'x' } })
	const error = await stream.find(({ type }) => type === 'error')

	t.deepEqual(filters, { workflow: [id], topics: ['workflow'] })
	t.like(error, { code: 'invalid_request', field: 'filters.workflow' })
	stream.ws.close()
})

test('a job that is made to wait, and one that is run again, are told', async (t) => {
	const stream = await openStream(api.url)
	const [parent, child] = [await api.submit(), await api.submit()]

	await api.post(`/jobs/${child.id}/dependencies`, { depends_on: parent.id })
	await api.send('PATCH', `/jobs/${parent.id}/cancel`)
	await api.post(`/jobs/${parent.id}/retries`)
	await stream.find(({ event, job_id }) => event === 'job_replayed' && job_id === parent.id)

	t.true(stream.messages.some(({ event, job_id }) => event === 'job_blocked' && job_id === child.id))
	stream.ws.close()
})
