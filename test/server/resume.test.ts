import test from 'ava'
import type pg from 'pg'
import { until } from '../support/patience.ts'
import { type Json, openStream, startTestServer, type TestStream, useServer } from './support.ts'

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
	await until(() => stream.messages.filter(({ event }) => event === 'job_cancelled').length === 125)
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

test.serial('who was cut off in the middle of a batch gets all of it again', async (t) => {
	const first = await openStream(api.url)
	const jobs = Array.from({ length: 5 }, () => ({ type: 'echo' }))
	const batch = await db.rows('select job_id from taskq.submit_jobs($1)', [JSON.stringify(jobs)])
	const { id: since } = await first.find(about(batch[0]!.job_id))
	first.ws.close()
	await first.closed

	const second = await openStream(api.url, `?since=${since}`)

	for (const { job_id } of batch) t.is((await second.find(about(job_id))).event, 'job_submitted')
	second.ws.close()
})

test.serial('a fresh server knows of a transaction that took its event thousands of events ago', async (t) => {
	const early = await openTransaction()
	for (let n = 0; n < 10; n++) await db.query("do $$ begin for i in 1 .. 300 loop perform taskq.submit_job('echo'); end loop; end $$")
	const fresh = await startTestServer(db)
	const live = await openStream(fresh.url)
	const resumed = await openStream(fresh.url, `?since=${live.messages[0].position}`)

	const next = await api.submit()
	await Promise.all([live, resumed].map(({ find }) => find(about(next.id))))
	await early.client.query('commit')

	for (const { find, ws } of [live, resumed]) {
		t.is((await find(about(early.id))).event, 'job_submitted')
		ws.close()
	}
	await fresh.stop()
})
