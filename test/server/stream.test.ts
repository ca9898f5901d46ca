import test from 'ava'
import { claim, registerWorker } from '../support/db.ts'
import { isProblem, type Json, openStream, useServer } from './support.ts'

const { db, api } = useServer(test)

/** Submits a job to a queue of its own, claims it, and completes it with a line in its log. */
async function runJob(queue: string): Promise<{ id: string; worker: string }> {
	const worker = await registerWorker(db, { types: ['echo'], queues: [queue] })
	const { id } = await api.submit({ queue, priority: 'high' })
	const { claim_id } = await claim(db, worker)
	const logs = [{ level: 'warn' as const, message: 'half way', data: { percent: 50 }, age_seconds: 0 }]
	await claim(db, worker, 0, [{ claim_id: claim_id!, job_id: id, outcome: 'completed', result: 1, logs }])
	return { id, worker }
}

const about = (id: string) => (message: Json) => message.job_id === id
const eventsOf = (messages: Json[], id: string) => messages.filter(about(id)).map(({ event }) => event)

test('a client is greeted and told what happens to jobs, in the form that is documented', async (t) => {
	const stream = await openStream(api.url)

	const { id } = await runJob('told')
	await stream.find((message) => message.job_id === id && message.event === 'job_completed')

	t.deepEqual(Object.keys(stream.messages[0]), ['type', 'position'])
	t.deepEqual(eventsOf(stream.messages, id), ['job_submitted', 'job_started', 'job_completed'])
	const started = await stream.find((message) => message.job_id === id && message.event === 'job_started')
	t.like(started, { type: 'job_update', event: 'job_started', job_id: id })
	t.like(started.data, { job_id: id, type: 'echo', queue: 'told', priority: 'high', attempt: 1 })
	t.regex(started.data.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
	t.true(Number.isInteger(started.id))
	stream.ws.close()
})

test('an event comes within a moment of what it tells', async (t) => {
	const stream = await openStream(api.url)
	const delays: number[] = []

	for (let i = 0; i < 20; i++) {
		const { id } = await api.submit()
		const submitted = performance.now()
		await stream.find(about(id))
		delays.push(performance.now() - submitted)
	}

	t.true(delays.toSorted((a, b) => a - b)[4]! < 100, delays.join(' ')) // with polling alone, two of twenty come so soon
	stream.ws.close()
})

test('queues are shown at once and when they change, and so are their pauses', async (t) => {
	const stream = await openStream(api.url, '?topics=queue')
	await stream.find(({ event }) => event === 'snapshot')

	await api.submit({ queue: 'shown' })
	const snapshot = await stream.find(({ event, data }) => event === 'snapshot' && data.queues.some(({ queue }: Json) => queue === 'shown'))
	await api.send('PUT', '/queues/shown/pause')
	const paused = await stream.find(({ event, data }) => event === 'queue_paused' && data.queue === 'shown')
	await api.send('DELETE', '/queues/shown/pause')
	const resumed = await stream.find(({ event, data }) => event === 'queue_resumed' && data.queue === 'shown')

	t.is(snapshot.type, 'queue_update')
	t.like(
		snapshot.data.queues.find(({ queue }: Json) => queue === 'shown'),
		{ ready_count: 1 },
	)
	t.is(paused.type, 'queue_update')
	t.true(resumed.id > paused.id)
	t.false(stream.messages.some(({ type }) => type === 'job_update'))
	stream.ws.close()
})

test('workers and pools are shown to all who ask, from one look', async (t) => {
	const streams = await Promise.all([openStream(api.url, '?topics=resource'), openStream(api.url, '?topics=resource')])
	for (const { find } of streams) await find(({ event }) => event === 'snapshot')

	await api.send('PUT', '/pools/shown', { capacity: 7 })
	const worker = await registerWorker(db, { types: ['echo'], queues: ['resources'], cpuUnits: 3 })
	const shown = await Promise.all(
		streams.map(({ find }) => find(({ event, data }) => event === 'snapshot' && data.workers.some(({ id }: Json) => id === worker))),
	)

	t.is(shown[0].type, 'resource_update')
	t.like(
		shown[0].data.workers.find(({ id }: Json) => id === worker),
		{ cpu_units: 3, status: 'active' },
	)
	t.like(
		shown[0].data.pools.find(({ pool }: Json) => pool === 'shown'),
		{ capacity: 7, granted: 0, free: 7 },
	)
	t.deepEqual(shown[0], shown[1])
	for (const { ws } of streams) ws.close()
})

test('a plain request for the stream and a WebSocket elsewhere are refused in words', async (t) => {
	const plain = await api.get('/jobs/stream')
	const elsewhere = await t.throwsAsync(openStream(`${api.url}/nowhere`))

	isProblem(t, plain, 426, 'upgrade_required')
	t.regex(elsewhere!.message, /404/)
})

test('who may not read may not listen, and other sites may not either', async (t) => {
	const { api_key } = await db.row("select taskq.create_api_key('worker', 'taskq_worker') as api_key")
	const reader = await db.row("select taskq.create_api_key('reader', 'taskq_reader') as api_key")

	const asWorker = await t.throwsAsync(openStream(api.url, '', { Authorization: `Bearer ${api_key}` }))
	const unknown = await t.throwsAsync(openStream(api.url, '', { Authorization: 'Bearer taskq_a_b' }))
	const foreign = await t.throwsAsync(openStream(api.url, '', { Origin: 'http://evil.example' }))
	const own = await openStream(api.url, '', { Origin: api.url })
	const asReader = await openStream(api.url, '', { Authorization: `Bearer ${reader.api_key}` })

	t.regex(asWorker!.message, /403/)
	t.regex(unknown!.message, /401/)
	t.regex(foreign!.message, /403/)
	t.is(own.messages[0].type, 'hello')
	t.is(asReader.messages[0].type, 'hello')
	for (const { ws } of [own, asReader]) ws.close()
})
