import { once } from 'node:events'
import net from 'node:net'
import test from 'ava'
import { makeProxy } from '../faults/proxy.ts'
import { until } from '../support/patience.ts'
import { type Json, openStream, startTestServer, type TestStream, useServer } from './support.ts'

const { db, api } = useServer(test)

const about = (id: string) => (message: Json) => message.job_id === id
const idsOf = ({ messages }: TestStream) => new Set(messages.filter(({ job_id }) => job_id).map(({ job_id }) => job_id))
const endSessions = (pattern: string) =>
	db.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like $1', [
		pattern,
	])

test.serial('the stream loses nothing when its own connection, or every connection, is ended', async (t) => {
	const stream = await openStream(api.url)
	const submitted: string[] = []
	const submit = () =>
		until(async () => {
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
	const listeners = await until(async () => {
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
	await until(() => fast.messages.filter(({ data }) => data?.data === text).length === 600)
	slow.ws.resume()
	const { code, reason } = await slow.closed
	const again = await openStream(api.url, `?since=${position}`)
	await until(() => again.messages.filter(({ data }) => data?.data === text).length >= 600)

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

test.serial('an upgrade whose path cannot be read is answered 404 and not 500', async (t) => {
	const { hostname, port, host } = new URL(api.url)
	const socket = net.connect(Number(port), hostname)
	let answer = ''
	socket.on('data', (chunk) => {
		answer += chunk
	})

	socket.write(`GET //[ HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
	await once(socket, 'close')

	t.regex(answer, /^HTTP\/1.1 404 /)
})

test.serial('those who listen are told when events are gone that came while the database could not be reached', async (t) => {
	const proxy = await makeProxy(db.url)
	await proxy.open()
	const server = await startTestServer(db, { connectionString: proxy.url })
	const stream = await openStream(server.url)
	const before = await api.submit()
	const { id: seen } = await stream.find(about(before.id))

	await proxy.close()
	for (let n = 0; n < 3; n++) await api.submit()
	await db.query('delete from taskq_private.job_events') // as retention does, after some hours
	const after = await api.submit()
	await new Promise((resolve) => setTimeout(resolve, 11_000)) // longer than LONG_AGO_MS
	await proxy.open()
	const resync = await stream.find(({ type }) => type === 'resync')
	await stream.find(about(after.id))

	t.true(resync.first_event_id > seen + 1)
	stream.ws.close()
	await server.stop()
	await proxy.close()
})
