import test from 'ava'
import { EVENTS } from '../../server/stream/filters.ts'
import { claim, registerTypes, registerWorker } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { type Json, openStream, useServer } from './support.ts'

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

test('each filter lets through what it names and nothing else', async (t) => {
	const [one, other] = [
		await api.submit({ queue: 'filter-a' }),
		await api.submit({ type: 'math', queue: 'filter-b', payload: { operation: 'add', a: 1, b: 1 } }),
	]
	const cancelBoth = async () => {
		for (const { id } of [one, other]) await api.send('PATCH', `/jobs/${id}/cancel`)
	}
	const expected: [query: string, ids: string[]][] = [
		[`?job=${one.id}`, [one.id]],
		[`?job=${one.id},${other.id}`, [one.id, other.id]],
		['?queue=filter-b', [other.id]],
		['?type=math&queue=filter-a,filter-b', [other.id]],
		['?event=job_cancelled&queue=filter-a', [one.id]],
		['?event=job_started&queue=filter-a', []],
		['?topics=job_log&queue=filter-a', []],
	]
	const streams = await Promise.all(expected.map(([query]) => openStream(api.url, query)))
	const witness = await openStream(api.url)

	await cancelBoth()
	for (const { id } of [one, other]) await witness.find((message) => message.job_id === id && message.event === 'job_cancelled')
	await Promise.all(streams.map(({ ws }) => new Promise((resolve) => ws.once('pong', resolve).ping())))

	for (const [i, [query, ids]] of expected.entries()) {
		const seen = streams[i]!.messages.filter(({ event }) => event === 'job_cancelled').map(({ job_id }) => job_id)
		t.deepEqual(seen, ids, query)
	}
	for (const { ws } of [...streams, witness]) ws.close()
})

test('log lines come only to those who ask for the topic', async (t) => {
	const quiet = await openStream(api.url)
	const logs = await openStream(api.url, '?topics=job_log')
	const both = await openStream(api.url, '?topics=job,job_log')

	const { id } = await runJob('logged')
	for (const { find } of [quiet, both]) await find((message) => message.job_id === id && message.event === 'job_completed')
	const line = await logs.find(about(id))

	t.like(line, { type: 'job_log', event: 'job_log', job_id: id })
	t.like(line.data, { level: 'warn', message: 'half way', data: { percent: 50 }, queue: 'logged', attempt: 1 })
	t.false(eventsOf(quiet.messages, id).includes('job_log'))
	t.deepEqual(eventsOf(logs.messages, id), ['job_log'])
	t.true(eventsOf(both.messages, id).includes('job_log'))
	for (const { ws } of [quiet, logs, both]) ws.close()
})

test('a subscription can be changed by a message, and is answered', async (t) => {
	const stream = await openStream(api.url, '?queue=nobody')

	stream.send({ action: 'subscribe', filters: { queue: ['changed'], topics: ['job'] } })
	const answer = await stream.find(({ type }) => type === 'subscribed')
	const { id } = await api.submit({ queue: 'changed' })

	t.deepEqual(answer.filters, { queue: ['changed'], topics: ['job'] })
	t.is((await stream.find(about(id))).event, 'job_submitted')
	stream.ws.close()
})

test('bad filters are answered with an error that names them, and change nothing', async (t) => {
	const stream = await openStream(api.url, '?queue=unchanged')
	const wrong: [message: unknown, code: string, field?: string][] = [
		['{', 'malformed_json'],
		['[]', 'invalid_request', 'body'],
		[{ action: 'shout' }, 'invalid_request', 'action'],
		[{ action: 'subscribe', filters: { color: 'red' } }, 'invalid_request', 'filters.color'],
		[{ action: 'subscribe', filters: { job: 'x' } }, 'invalid_request', 'filters.job'],
		[{ action: 'subscribe', filters: { event: ['job_begun'] } }, 'invalid_request', 'filters.event'],
		[{ action: 'subscribe', filters: { topics: 'everything' } }, 'invalid_request', 'filters.topics'],
		[{ action: 'subscribe', filters: { type: 1 } }, 'invalid_request', 'filters.type'],
		[{ action: 'subscribe', since: -1 }, 'invalid_request', 'since'],
	]

	for (const [message] of wrong) stream.send(message)
	const errors = await until(() => {
		const found = stream.messages.filter(({ type }) => type === 'error')
		return found.length === wrong.length && found
	})
	const { id } = await api.submit({ queue: 'unchanged' })

	for (const [i, [, code, field]] of wrong.entries()) t.like(errors[i], { type: 'error', code, ...(field && { field }) })
	t.is((await stream.find(about(id))).event, 'job_submitted')
	stream.ws.close()
})

test('a connection with bad filters is told so and closed', async (t) => {
	for (const query of ['?topics=x', '?job=x', '?color=red', '?since=x', '?since=', '?event=nothing', '?queue=', '?workflow=x']) {
		const stream = await openStream(api.url, query)

		const { code } = await stream.closed

		t.is(code, 1008, query)
		t.like(stream.messages[1], { type: 'error', code: 'invalid_request', field: /\w+/.exec(query)![0] })
	}
})

test('the events that filters may name are those that the database writes', async (t) => {
	await registerTypes(db, 'echo')
	const { id } = await runJob('events')
	const written = (await db.rows('select distinct event from taskq_private.job_events')).map(({ event }) => event)
	const inSources = (
		await db.rows(`select distinct m[1] as event from pg_proc, regexp_matches(prosrc, 'record_(?:queue_|workflow_)?event\\(\\s*''([a-z_]+)''', 'g') as m
		where pronamespace = 'taskq_private'::regnamespace or pronamespace = 'taskq'::regnamespace`)
	).map(({ event }) => event)

	t.truthy(id)
	t.true(inSources.length > 5)
	t.deepEqual(
		[...new Set([...written, ...inSources])].filter((event) => !event.endsWith('_') && !EVENTS.includes(event)),
		[],
	)
})
