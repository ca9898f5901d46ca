import test from 'ava'
import type pg from 'pg'
import { eventually, type Json, openStream, startTestServer, type TestStream, useServer } from './support.ts'

const { db, api } = useServer(test)

/** A transaction that has taken an event id and is still open. */
async function openTransaction(): Promise<{ client: pg.Client; id: string }> {
	const client = await db.client()
	await client.query('begin')
	const { rows } = await client.query("select job_id from taskq.submit_job('echo')")
	return { client, id: rows[0].job_id }
}

const about = (id: string) => (message: Json) => message.job_id === id
const idsOf = ({ messages }: TestStream) => new Set(messages.filter(({ job_id }) => job_id).map(({ job_id }) => job_id))
const endSessions = (pattern: string) =>
	db.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like $1', [
		pattern,
	])

test.serial('a client that comes back with the last id it saw misses nothing', async (t) => {
	const first = await openStream(api.url)
	const seen = await api.submit()
	const { id: since } = await first.find(about(seen.id))
	first.ws.close()
	const missed = [await api.submit(), await api.submit(), await api.submit()].map(({ id }) => id)

	const second = await openStream(api.url, `?since=${since}`)
	const later = await api.submit()
	await second.find(about(later.id))

	t.deepEqual([...idsOf(second)], [...missed, later.id])
	second.ws.close()
})

test.serial('events come in pages of a replay, through its filters, and then live', async (t) => {
	const { position } = (await openStream(api.url)).messages[0]
	const submitted = await Promise.all(Array.from({ length: 1200 }, (_, i) => api.submit({ queue: i % 2 ? 'odd' : 'even' })))
	for (const { id } of submitted.slice(0, 250)) await api.send('PATCH', `/jobs/${id}/cancel`)

	const stream = await openStream(api.url, `?since=${position}&queue=odd`)
	await eventually(() => stream.messages.filter(({ event }) => event === 'job_cancelled').length === 125)
	const later = await api.submit({ queue: 'odd' })
	await stream.find(about(later.id))

	const odd = submitted.filter((_, i) => i % 2).map(({ id }) => id)
	t.is(idsOf(stream).symmetricDifference(new Set([...odd, later.id])).size, 0)
	stream.ws.close()
})

test.serial('an event that commits after later ones is delivered to those who listen', async (t) => {
	const stream = await openStream(api.url)
	const early = await openTransaction()
	const later = await api.submit()
	await stream.find(about(later.id))

	t.false(idsOf(stream).has(early.id))
	await early.client.query('commit')
	const message = await stream.find(about(early.id))

	t.true(message.id < (await stream.find(about(later.id))).id)
	stream.ws.close()
})

test.serial('a resume while a transaction with an earlier id is open loses nothing, on the same server and on another', async (t) => {
	const other = await startTestServer(db)
	const first = await openStream(api.url)
	const early = await openTransaction()
	const seen = await api.submit()
	const { id: since } = await first.find(about(seen.id))
	first.ws.close()

	const resumed = await Promise.all([
		openStream(api.url, `?since=${since}`),
		openStream(other.url, `?since=${since}`),
		openStream(other.url),
	])
	const next = await api.submit()
	await Promise.all(resumed.map(({ find }) => find(about(next.id))))
	await early.client.query('commit')

	for (const { find, ws } of resumed) {
		t.is((await find(about(early.id))).event, 'job_submitted')
		ws.close()
	}
	await other.stop()
})

test.serial('what commits between a goodbye and a return is delivered, though its id is lower than the last one seen', async (t) => {
	const first = await openStream(api.url)
	const early = await openTransaction()
	const seen = await api.submit()
	const { id: since } = await first.find(about(seen.id))
	first.ws.close()
	await early.client.query('commit')
	await first.closed

	const second = await openStream(api.url, `?since=${since}`)

	t.true((await second.find(about(early.id))).id < since)
	second.ws.close()
})

test.serial('a transaction that rolls back leaves no gap open', async (t) => {
	const stream = await openStream(api.url)
	const early = await openTransaction()
	const later = await api.submit()
	await stream.find(about(later.id))
	await early.client.query('rollback')

	const last = await api.submit()
	await stream.find(about(last.id))

	t.false(idsOf(stream).has(early.id))
	stream.ws.close()
})

test.serial('a position that is no longer kept is answered with resync, and the stream goes on', async (t) => {
	for (let i = 0; i < 3; i++) await api.submit()
	const { first } = await db.row('select min(event_id)::integer as first from taskq_private.job_events')
	await db.query('delete from taskq_private.job_events where event_id <= $1', [first + 1])
	const kept = await db.row('select min(event_id)::integer as first, max(event_id)::integer as last from taskq_private.job_events')

	const streams = await Promise.all([first, kept.last + 1000].map((since) => openStream(api.url, `?since=${since}`)))
	const resyncs = await Promise.all(streams.map(({ find }) => find(({ type }) => type === 'resync')))
	const { id } = await api.submit()

	for (const [i, { find, ws }] of streams.entries()) {
		t.is(resyncs[i].first_event_id, kept.first)
		t.is((await find(about(id))).event, 'job_submitted')
		ws.close()
	}
})

test.serial('the stream loses nothing when its own connection, or every connection, is ended', async (t) => {
	const stream = await openStream(api.url)
	const submitted: string[] = []
	const submit = () =>
		eventually(async () => {
			const { status, body } = await api.post('/jobs', { type: 'echo' })
			if (status === 201) submitted.push(body.id)
			return status === 201
		})

	await submit()
	await endSessions('taskq server stream')
	await submit()
	for (let i = 0; i < 5; i++) {
		await endSessions('taskq server%')
		await submit()
		await submit()
	}
	await Promise.all(submitted.map((id) => stream.find(about(id))))

	t.true(new Set(submitted).isSubsetOf(idsOf(stream)))
	const listeners = await eventually(async () => {
		const { count } = await db.row(
			"select count(*)::integer from pg_stat_activity where datname = current_database() and application_name = 'taskq server stream'",
		)
		return count === 1 && count
	})
	t.is(listeners, 1)
	stream.ws.close()
})

test.serial('a reader that does not read is cut at 1 MiB, and resumes without loss', async (t) => {
	const fast = await openStream(api.url)
	const slow = await openStream(api.url)
	const { position } = slow.messages[0]
	slow.ws.pause()

	const text = 'x'.repeat(30_000)
	await db.query(
		`insert into taskq_private.job_events (at, event, job_ids, lane_ids, attempts, data)
		select now(), 'job_progress', e.job_ids, e.lane_ids, array[1], jsonb_build_array(jsonb_build_object('data', $1::text))
		from (select * from taskq_private.job_events where event = 'job_submitted' limit 1) as e, generate_series(1, 600)`,
		[text],
	)
	await eventually(() => fast.messages.filter(({ data }) => data?.data === text).length === 600)
	slow.ws.resume()
	const { code, reason } = await slow.closed
	const again = await openStream(api.url, `?since=${position}`)
	await eventually(() => again.messages.filter(({ data }) => data?.data === text).length >= 600)

	t.is(code, 1013)
	t.regex(reason, /since/)
	t.true(slow.messages.length < 600)
	for (const { ws } of [fast, again]) ws.close()
})

test.serial('clients are told with 1001 when the server stops', async (t) => {
	const server = await startTestServer(db)
	const stream = await openStream(server.url)

	await server.stop()

	t.is((await stream.closed).code, 1001)
})

test.serial('a message over 64 kB closes its connection', async (t) => {
	const stream = await openStream(api.url)

	stream.send(' '.repeat(70_000))

	t.is((await stream.closed).code, 1009)
})
