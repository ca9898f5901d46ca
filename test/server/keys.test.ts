import test from 'ava'
import { WebSocket } from 'ws'
import { callOne } from '../../db/calls.ts'
import { bePatient, until } from '../support/patience.ts'
import { type Client, clientOf, isProblem, openStream, startTestServer, useServer } from './support.ts'

const { db, api } = useServer(test, { env: { ALLOWED_ORIGINS: 'https://jobs.example.org' } })

interface Key {
	id: string
	key: string
	headers: { Authorization: string }
}

const keyOf = (key: string): Key => ({ key, id: key.split('_')[1]!, headers: { Authorization: `Bearer ${key}` } })
async function issue(role = 'taskq_reader', queues: string[] | null = null): Promise<Key> {
	return keyOf((await callOne<{ api_key: string }>(db.pool, 'issueApiKey', [`of ${role}`, role, queues, null])).api_key)
}
const rotate = async (id: string, graceSeconds: number) =>
	keyOf((await callOne<{ api_key: string }>(db.pool, 'rotateApiKey', [id, graceSeconds])).api_key)
/** So that it is still good when it is first used, however slow the machine is. */
const expireSoon = ({ id }: Key) =>
	db.query(`update taskq_private.api_keys set expires_at = clock_timestamp() + interval '1 second' where key_id = $1`, [id])
const statusOf = async (client: Client, { headers }: Key) => (await client.get('/queues', headers)).status
const ends = (key: Key, client: Client = api) => until(async () => [401, 429].includes(await statusOf(client, key)))

/** How an upgrade is answered: 101, or the status of the refusal. */
function upgrade(url: string, query = '', headers: Record<string, string> = {}): Promise<number> {
	return new Promise((resolve, reject) => {
		const ws = new WebSocket(`${url.replace('http', 'ws')}/jobs/stream${query}`, { headers })
		ws.on('open', () => {
			ws.terminate()
			resolve(101)
		})
		ws.on('unexpected-response', (_req, res) => resolve(res.resume().statusCode!)).on('error', reject)
	})
}

test('two keys are good while one succeeds the other, and then the new one alone', async (t) => {
	const old = await issue()
	const next = await rotate(old.id, 3600)

	t.deepEqual([await statusOf(api, old), await statusOf(api, next)], [200, 200])
	await expireSoon(old) // as the grace does in an hour
	await ends(old)
	t.is(await statusOf(api, next), 200)
})

test('a key that was revoked is refused in every server at once, though they have just let it in', async (t) => {
	const other = await startTestServer(db)
	const key = await issue()
	const seen = [await statusOf(api, key), await statusOf(clientOf(other.url), key)]

	const began = performance.now()
	await db.query('select taskq.revoke_api_key($1)', [key.id])
	await Promise.all([ends(key), ends(key, clientOf(other.url))])

	t.deepEqual(seen, [200, 200])
	t.log(`refused everywhere after ${Math.round(performance.now() - began)} ms`)
	await other.stop()
})

test('a key that expires while it is in use is refused from then on', async (t) => {
	const key = await issue()
	t.is(await statusOf(api, key), 200)

	await expireSoon(key)

	await ends(key)
	t.not(await statusOf(api, key), 200, 'and it stays so')
})

test('WebSockets of a key that has ended are closed, and others stay', async (t) => {
	const [revoked, expired, good] = [await issue(), await issue(), await issue()]
	const streams = await Promise.all([revoked, expired, good].map(({ headers }) => openStream(api.url, '', headers)))
	const local = await openStream(api.url)

	await db.query('select taskq.revoke_api_key($1)', [revoked.id])
	await expireSoon(expired)
	const closed = await Promise.all(streams.slice(0, 2).map((stream) => stream.closed))

	t.deepEqual(closed, Array(2).fill({ code: 1008, reason: 'the API key has ended' }))
	t.deepEqual([streams[2]!.ws.readyState, local.ws.readyState], [WebSocket.OPEN, WebSocket.OPEN])
	for (const { ws } of [streams[2]!, local]) ws.terminate()
})

test('who waits for a job with a key that ends is refused, and others wait on', async (t) => {
	bePatient(t)
	const [revoked, good] = [await issue(), await issue()]
	const { id } = await api.submit({ run_at: '2040-01-01T00:00:00Z' })
	const wait = ({ headers }: Key) =>
		until(async () => {
			const answer = await api.get(`/jobs/${id}?wait=60`, headers)
			return answer.status !== 503 && answer // a slow machine may have no connection for its first look
		})
	const waits = [revoked, good].map(wait)
	await until(async () => (await api.get('/health')).body.checks.waits.waiting === 2)

	await db.query('select taskq.revoke_api_key($1)', [revoked.id])
	const refused = await waits[0]!
	await api.send('PATCH', `/jobs/${id}/cancel`)

	isProblem(t, refused, 401, 'unauthenticated')
	t.like(await waits[1]!, { status: 200, body: { status: 'cancelled' } })
})

// whoever shows what is refused again and again is told to wait (429): what must be refused by its own name asks servers of its own

test('a ticket stands for its key once, at whichever server it is shown', async (t) => {
	const [other, own] = [await startTestServer(db), await startTestServer(db)]
	const key = await issue('taskq_reader', ['tickets'])
	const asked = await clientOf(own.url).post('/tickets', undefined, key.headers)
	const query = `?topics=job&ticket=${asked.body.ticket}`
	const { kept } = await db.row(`select jsonb_agg(to_jsonb(k))::text as kept from taskq_private.tickets as k`)

	const answers = [
		await until(async () => {
			const status = await upgrade(other.url, query)
			return status !== 503 && status // on a slow machine the first connection to the database takes too long; the ticket is still good then
		}),
		await upgrade(own.url, query),
		await upgrade(own.url, '?ticket=x'),
		await upgrade(own.url, '?ticket='),
	]

	t.is(asked.status, 201)
	t.true(Date.parse(asked.body.expires_at) > Date.now())
	t.false(kept.includes(asked.body.ticket))
	t.deepEqual(answers, [101, 401, 401, 401])
	await Promise.all([other.stop(), own.stop()])
})

test('a ticket ends with its thirty seconds, and with its key', async (t) => {
	const server = await startTestServer(db)
	const api = clientOf(server.url)
	const [late, revoked] = [await issue(), await issue()]
	const tickets = []
	for (const { headers } of [late, revoked]) tickets.push((await api.post('/tickets', undefined, headers)).body.ticket)
	await db.query('select taskq.revoke_api_key($1)', [revoked.id])
	await db.query(`update taskq_private.tickets set expires_at = expires_at - interval '31 seconds' where key_id = $1`, [late.id])

	for (const ticket of tickets) t.is(await upgrade(server.url, `?ticket=${ticket}`), 401)
	isProblem(t, await api.post('/tickets', undefined, { Authorization: 'Bearer taskq_no_key' }), 401, 'unauthenticated')
	isProblem(t, await api.get('/tickets'), 405, 'method_not_allowed')
	await server.stop()
})

test('no key is taken from a URL', async (t) => {
	const server = await startTestServer(db)
	const { key } = await issue()

	for (const name of ['api_key', 'key', 'token', 'access_token', 'authorization', 'ticket'])
		t.true([401, 403, 422].includes(await refusalOf(server.url, `?${name}=${key}`)), name)
	await server.stop()
})

/** A local server lets anyone in who is not from elsewhere, so the refusal may come from the stream. */
async function refusalOf(url: string, query: string): Promise<number> {
	const ws = new WebSocket(`${url.replace('http', 'ws')}/jobs/stream${query}`)
	return new Promise((resolve) => {
		ws.on('unexpected-response', (_req, res) => resolve(res.resume().statusCode!))
		ws.on('message', (data) => JSON.parse(String(data)).type === 'error' && resolve(422))
		ws.on('error', () => {})
	})
}

test('pages of other sites open no WebSocket, whatever they bring', async (t) => {
	const { headers } = await issue()
	const { host } = new URL(api.url)
	const from = (Origin: string, more = {}) => upgrade(api.url, '', { Origin, ...more })

	t.is(await from('https://evil.example'), 403)
	t.is(await from('https://evil.example', headers), 403)
	t.is(await from('null', headers), 403)
	t.is(await from(`http://${host}.evil.example`, headers), 403)
	t.is(await from(`http://${host}`, headers), 101)
	t.is(await from(`https://${host}`, headers), 101)
	t.is(await from('https://jobs.example.org', headers), 101)
	t.is(await from('https://jobs.example.org'), 403, 'without a key, only pages of this machine')
	t.is(await from(`http://${host}`), 101)
})

test('who guesses keys is told to wait, and a good key from the same address is let in', async (t) => {
	const server = await startTestServer(db)
	const client = clientOf(server.url)
	const key = await issue()
	const guess = (n: number) => client.get('/jobs', { Authorization: `Bearer taskq_${key.id}_${'0'.repeat(60)}${n}` })

	const statuses = []
	for (let n = 10; n < 22; n++) statuses.push((await guess(n)).status)
	const refused = await guess(30)
	const good = await statusOf(client, key)

	t.deepEqual(statuses, [...Array(10).fill(401), 429, 429])
	isProblem(t, refused, 429, 'too_many_failures')
	t.true(Number(refused.headers.get('retry-after')) > 0)
	t.is(good, 200)
	t.is((await guess(31)).status, 429, 'a good key in between does not let a guesser begin anew')
	await server.stop()
})
