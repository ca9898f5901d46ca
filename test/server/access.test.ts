import { request } from 'node:http'
import test from 'ava'
import { callOne } from '../../db/calls.ts'
import { StartError } from '../../server/first-contact.ts'
import { makeDb, registerWorker } from '../support/db.ts'
import { clientOf, isProblem, startTestServer, useServer } from './support.ts'

const { db, api } = useServer(test)

async function makeKey(name: string, role: string): Promise<Record<string, string>> {
	const { api_key } = await callOne<{ api_key: string }>(db.pool, 'createApiKey', [name, role, null])
	return { Authorization: `Bearer ${api_key}` }
}

/** A request with headers that fetch does not let anyone set. */
function statusWith(headers: Record<string, string>): Promise<number> {
	const { hostname, port } = new URL(api.url)
	return new Promise((resolve, reject) => {
		const sent = request({ hostname, port, path: '/jobs', headers }, (response) => resolve(response.resume().statusCode!))
		sent.on('error', reject).end()
	})
}

test('on loopback a caller without a key is the operator', async (t) => {
	const { created_by } = await api.submit()

	const paused = await api.send('PUT', '/queues/loopback/pause')

	t.is(created_by, 'postgres')
	t.is(paused.status, 200)
})

test('a key says who submitted, and its holder cannot say otherwise', async (t) => {
	const headers = await makeKey('ann', 'taskq_client')

	const submitted = await api.post('/jobs', { type: 'echo' }, headers)
	const pretended = await api.post('/jobs', { type: 'echo', created_by: 'bob' }, headers)

	t.is(submitted.status, 201)
	t.is(submitted.body.created_by, 'ann')
	isProblem(t, pretended, 422, 'invalid_request', { field: 'created_by' })
	t.is((await api.submit({ created_by: 'bob' })).created_by, 'bob')
})

test('the role of a key decides what it may do', async (t) => {
	const reader = await makeKey('reader', 'taskq_reader')
	const client = await makeKey('client', 'taskq_client')
	const operator = await makeKey('operator', 'taskq_operator')
	const worker = await makeKey('worker', 'taskq_worker')

	t.is((await api.get('/jobs', reader)).status, 200)
	isProblem(t, await api.post('/jobs', { type: 'echo' }, reader), 403, 'forbidden')
	t.is((await api.post('/jobs', { type: 'echo' }, client)).status, 201)
	isProblem(t, await api.send('PUT', '/queues/roles/pause', undefined, client), 403, 'forbidden')
	t.is((await api.send('PUT', '/queues/roles/pause', undefined, operator)).status, 200)
	isProblem(t, await api.get('/jobs', worker), 403, 'forbidden')
})

test('readers look at pools, limits and simulations, operators set them', async (t) => {
	const reader = await makeKey('reader', 'taskq_reader')
	const client = await makeKey('client', 'taskq_client')
	const operator = await makeKey('operator', 'taskq_operator')
	const id = await registerWorker(db)
	const looks = ['/pools', '/queues/roles/limit', '/task-types/echo/limit', '/concurrency-keys', '/workers', `/workers/${id}/preview`]
	const changes: [string, string, unknown][] = [
		['PUT', '/pools/roles', { capacity: 1 }],
		['PUT', '/pools/roles-rate', { amount: 1, per_seconds: 1 }],
		['PUT', '/queues/roles/limit', { max_running: 1 }],
		['PUT', '/task-types/math/limit', { jobs: 1 }],
		['PUT', '/concurrency-keys/roles', { max_running: 1 }],
		['PATCH', `/workers/${id}/capacity`, { cpu_units: 1 }],
		['DELETE', '/pools/roles', undefined],
		['DELETE', '/queues/roles/limit', undefined],
		['DELETE', '/task-types/math/limit', undefined],
	]

	for (const path of looks) t.is((await api.get(path, reader)).status, 200, path)
	t.is((await api.post('/simulations', { extra_workers: 1 }, reader)).status, 200)
	for (const [method, path, body] of changes) isProblem(t, await api.send(method, path, body, client), 403, 'forbidden')
	for (const [method, path, body] of changes) t.true((await api.send(method, path, body, operator)).status < 300, path)
})

test('what an operator does is in the audit log under the name of the key', async (t) => {
	const ann = await makeKey('ann-the-operator', 'taskq_operator')
	const bob = await makeKey('bob-the-operator', 'taskq_operator')

	for (const headers of [ann, bob, {}]) await api.send('PUT', '/queues/audited/pause', undefined, headers)

	const actors = await db.rows(
		"select actor from taskq_private.audit_log where action = 'pause_queue' and target = 'audited' order by audit_id",
	)
	t.deepEqual(
		actors.map(({ actor }) => actor),
		['postgres/ann-the-operator', 'postgres/bob-the-operator', 'postgres'],
	)
})

test('a key that is not valid is refused even on loopback', async (t) => {
	const { Authorization } = await makeKey('revoked', 'taskq_operator')
	const id = Authorization!.split('_')[1]
	await db.query('select taskq.revoke_api_key($1)', [id])

	for (const authorization of [Authorization!, `${Authorization}x`, 'Bearer x', 'Bearer taskq_a_b', 'Basic YTpi', 'Bearer ', '']) {
		const answer = await api.get('/jobs', { Authorization: authorization })

		isProblem(t, answer, 401, 'unauthenticated')
		t.regex(answer.headers.get('www-authenticate')!, /^Bearer/)
	}
})

test('pages of other sites and names that point here are refused without a key', async (t) => {
	const { host } = new URL(api.url)
	const key = await makeKey('elsewhere', 'taskq_reader')

	t.is(await statusWith({ Host: host }), 200)
	t.is(await statusWith({ Host: `localhost:${new URL(api.url).port}` }), 200)
	t.is(await statusWith({ Host: host, Origin: `http://${host}` }), 200)
	t.is(await statusWith({ Host: host, Origin: 'http://evil.example' }), 403)
	t.is(await statusWith({ Host: host, Origin: 'null' }), 403)
	t.is(await statusWith({ Host: 'evil.example' }), 403)
	t.is(await statusWith({ Host: 'evil.example', Origin: 'http://evil.example' }), 403)
	t.is(await statusWith({ Host: '127.0.0.1.evil.example' }), 403)
	t.is(await statusWith({ Host: 'taskq.example', ...key }), 200)
})

test('a server that others can reach does not start without a key, and then wants it', async (t) => {
	const other = await makeDb()
	const options = { env: { API_HOST: '0.0.0.0' } }

	const refusal = await t.throwsAsync(startTestServer(other, options), { instanceOf: StartError })
	const { api_key } = await callOne<{ api_key: string }>(other.pool, 'createApiKey', ['me', 'taskq_operator', null])
	const server = await startTestServer(other, options)
	const open = clientOf(server.url.replace('0.0.0.0', '127.0.0.1'))

	t.regex(refusal!.message, /npm run key -- --name me --role taskq_operator/)
	isProblem(t, await open.get('/jobs'), 401, 'unauthenticated')
	isProblem(t, await open.get('/jobs/abc/nonsense'), 404, 'not_found')
	t.is((await open.get('/jobs', { Authorization: `Bearer ${api_key}` })).status, 200)
	for (const path of ['/livez', '/readyz', '/health']) t.is((await open.get(path)).status, 200)
	await server.stop()
	await other.drop()
})
