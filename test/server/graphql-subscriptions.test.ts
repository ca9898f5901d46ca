import test from 'ava'
import { claim, registerWorker } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { makeAsk, makeKey, makeSubscriber } from './graphql-support.ts'
import { type Json, startTestServer, useServer } from './support.ts'

const { db, api } = useServer(test)
const ask = makeAsk(api)
const subscriber = async (...args: [Json?, Record<string, string>?]) => {
	await ask('{ __typename }') // the schema is there
	return makeSubscriber(api.url, ...args)
}

const JOB = `subscription ($id: UUID!, $since: BigInt) {
	job(jobId: $id, since: $since) { id event at jobId attempt data job { status type } }
}`
const named = (event: string) => (found: Json) => found.event === event

test('a job is followed from where it is to its end, with what it is then', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['followed'] })
	const { id } = await api.submit({ queue: 'followed' })
	const other = await api.submit()
	const { subscribe } = await subscriber()

	const stream = subscribe(JOB, { id })
	const first = await stream.find(named('subscribed'))
	const { claim_id } = await claim(db, worker)
	await claim(db, worker, 0, [{ claim_id: claim_id!, job_id: id, outcome: 'completed', result: { n: 1 } }])
	const started = await stream.find(named('job_started'))
	const completed = await stream.find(named('job_completed'))

	t.like(first, { jobId: id, job: { status: 'ready', type: 'echo' } })
	t.like(started, { jobId: id, attempt: 1 })
	t.like(completed, { jobId: id, job: { status: 'completed' } })
	t.true(Number(completed.id) > Number(first.id))
	t.false(stream.answers.some(({ data }) => data.job.jobId === other.id))
	stream.end()
})

test('a subscription goes on after an event, and loses nothing', async (t) => {
	const { id } = await api.submit({ queue: 'resumed' })
	const { subscribe } = await subscriber()
	const before = subscribe(JOB, { id })
	const { id: since } = await before.find(named('subscribed'))
	before.end()

	await api.send('PATCH', `/jobs/${id}/cancel`)
	await api.post(`/jobs/${id}/retries`)
	const after = subscribe(JOB, { id, since })
	const cancelled = await after.find(named('job_cancelled'))
	const replayed = await after.find(named('job_replayed'))
	const lost = subscribe(JOB, { id, since: '999999999' })
	const resync = await lost.find(named('resync'))

	t.true(Number(cancelled.id) > Number(since))
	t.true(Number(replayed.id) > Number(cancelled.id))
	t.is(typeof resync.data.first_event_id, 'number')
})

test('what a job logs, a queue and a workflow are followed', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['heard'] })
	const { body } = await api.post('/jobs/batch', { workflow: { name: 'heard' }, jobs: [{ name: 'a', type: 'echo', queue: 'heard' }] })
	const [job_id, id] = [body.jobs[0].id, body.workflow_id]
	const { subscribe } = await subscriber()
	const logs = subscribe('subscription ($id: UUID!) { jobLog(jobId: $id) { event jobId attempt level message data } }', { id: job_id })
	const workflow = subscribe('subscription ($id: UUID!) { workflow(workflowId: $id) { event workflowId workflow { status name } } }', {
		id,
	})
	const queue = subscribe('subscription { queue(name: "heard") { event name jobId type job { status } queue { pausedAt } } }')
	for (const stream of [logs, workflow, queue]) await stream.find(named('subscribed'))

	const { claim_id } = await claim(db, worker)
	const lines = [{ level: 'warn' as const, message: 'half', data: { n: 2 }, age_seconds: 0 }]
	await claim(db, worker, 0, [{ claim_id: claim_id!, job_id, outcome: 'completed', logs: lines }])
	await db.query('select taskq.pause_queue($1)', ['heard'])
	const tick = async () => {
		await db.query('select * from taskq.tick()')
		return workflow.answers.some(({ data }) => data.workflow.event === 'workflow_completed')
	}
	await until(tick)

	t.like(await logs.find(named('job_log')), { jobId: job_id, attempt: 1, level: 'warn', message: 'half', data: { n: 2 } })
	t.like(await workflow.find(named('workflow_completed')), { workflowId: id, workflow: { status: 'completed', name: 'heard' } })
	t.like(await queue.find(named('job_completed')), { name: 'heard', jobId: job_id, type: 'echo', job: { status: 'completed' } })
	t.is(typeof (await queue.find(named('queue_paused'))).queue.pausedAt, 'string')
})

test('queries and mutations are answered over the WebSocket as well, within the same limits', async (t) => {
	const { client } = await subscriber()
	const one = async (query: string) => {
		for await (const answer of client.iterate({ query })) return answer as Json
	}

	const read = await one('{ countJobs(queue: "nowhere") }')
	const written = await one('mutation { submitJob(input: { type: "echo" }) { submitted { created } } }')
	const refusals = await Promise.all(
		[
			'{ jobs(first: 200) { nodes { logs(first: 200) { nodes { job { logs { nodes { level } } } } } } } }',
			`{ ${'__typename '.repeat(10_001)} }`,
			'{ nothing }',
			'subscription { job(jobId: "x") { id } }',
		].map((query) => one(query).catch((errors) => ({ errors }))),
	)

	t.deepEqual(read!.data, { countJobs: '0' })
	t.true(written!.data.submitJob.submitted.created)
	for (const refusal of refusals) t.is(refusal!.errors[0].extensions.code, 'invalid_request', JSON.stringify(refusal))
})

test('a socket has at most 50 operations under way', async (t) => {
	const { id } = await api.submit()
	const { subscribe } = await subscriber()
	const streams = Array.from({ length: 50 }, () => subscribe(JOB, { id }))
	await Promise.all(streams.map((stream) => stream.find(named('subscribed'))))

	const [error] = (await subscribe(JOB, { id }).ended) as Json
	streams[0]!.end()
	const again = await until(async () => {
		const stream = subscribe(JOB, { id })
		await Promise.race([stream.ended, stream.find(named('subscribed'))])
		return stream.answers.length > 0 && stream
	})

	t.is(error.extensions.code, 'invalid_request')
	t.regex(error.extensions.hint, /another WebSocket/)
	t.is(again.answers[0].data.job.event, 'subscribed')
})

test('a key is given as a header or in the first message, and its role decides', async (t) => {
	const { id } = await api.submit()
	const reader = await makeKey(db, 'taskq_reader')
	const worker = await makeKey(db, 'taskq_worker')
	const server = await startTestServer(db, { env: { API_HOST: '0.0.0.0' } })
	const url = server.url.replace('0.0.0.0', '127.0.0.1')
	await until(async () => (await fetch(`${url}/graphql`, { method: 'POST', headers: reader })).status !== 503)

	const byHeader = makeSubscriber(url, {}, reader).subscribe(JOB, { id })
	const byMessage = makeSubscriber(url, reader).subscribe(JOB, { id })
	const without = makeSubscriber(url)
	const wrong = makeSubscriber(url, { Authorization: 'Bearer taskq_a_b' })
	const forbidden = makeSubscriber(url, worker).subscribe(JOB, { id })
	await Promise.all([without.subscribe(JOB, { id }).ended, wrong.subscribe(JOB, { id }).ended])
	await forbidden.ended

	await byHeader.find(named('subscribed'))
	await byMessage.find(named('subscribed'))
	t.is(without.closed[0]!.code, 4401)
	t.is(wrong.closed[0]!.code, 4401)
	t.is(forbidden.answers[0].errors[0].extensions.code, 'forbidden')
	await server.stop()
})

test('those who are subscribed are told with 1001 when the server stops', async (t) => {
	const server = await startTestServer(db)
	await until(async () => (await fetch(`${server.url}/graphql`, { method: 'POST' })).status !== 503)
	const { id } = await api.submit()
	const { subscribe, closed } = makeSubscriber(server.url)
	await subscribe(JOB, { id }).find(named('subscribed'))

	await server.stop()
	await until(() => closed.length > 0)

	t.is(closed[0]!.code, 1001)
})
