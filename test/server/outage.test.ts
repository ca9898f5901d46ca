import test from 'ava'
import { makeProxy } from '../faults/proxy.ts'
import { useDb } from '../support/db.ts'
import { bePatient, until } from '../support/patience.ts'
import { clientOf, isProblem, registerBuiltInTypes, startTestServer } from './support.ts'

const db = useDb(test)

test.serial('a server whose database is away starts, answers 503, and serves when it comes', async (t) => {
	bePatient(t)
	await registerBuiltInTypes(db)
	const proxy = await makeProxy(db.url)
	const logs: { msg: string }[] = []
	const server = await startTestServer(db, { connectionString: proxy.url, env: { DEFAULT_MAX_ATTEMPTS: '7' }, logs })
	const api = clientOf(server.url)

	const [live, ready, health, listed, submitted] = [
		await api.get('/livez'),
		await api.get('/readyz'),
		await api.get('/health'),
		await api.get('/jobs'),
		await api.post('/jobs', { type: 'echo' }),
	]
	await proxy.open()
	await until(async () => (await api.get('/readyz')).status === 200)
	const later = await until(async () => {
		const answer = await api.post('/jobs', { type: 'echo' })
		return answer.body.retry_config?.max_attempts === 7 && answer
	})

	t.is(live!.status, 200)
	t.like(ready, { status: 503, body: { status: 'not_ready' } })
	t.like(health, { status: 503, body: { status: 'degraded', checks: { database: { status: 'degraded' } } } })
	for (const answer of [listed!, submitted!]) {
		isProblem(t, answer, 503, 'database_unavailable')
		t.is(answer.headers.get('retry-after'), '1')
	}
	t.is(later.status, 201)
	t.true(logs.some(({ msg }) => /cannot be reached yet/.test(msg)))
	await server.stop()
	await proxy.close()
})

test.serial('a server outlives its database and goes on without a restart', async (t) => {
	bePatient(t)
	const proxy = await makeProxy(db.url)
	await proxy.open()
	const server = await startTestServer(db, { connectionString: proxy.url })
	const api = clientOf(server.url)
	const { id } = await api.submit()

	await proxy.close()
	const away = await Promise.all([api.get(`/jobs/${id}`), api.post('/jobs', { type: 'echo' }), api.get('/queues')])
	const { status } = await api.get('/readyz')
	await proxy.open()
	await until(async () => (await api.get('/readyz')).status === 200)
	const back = await until(async () => {
		const answer = await api.get(`/jobs/${id}`)
		return answer.status === 200 && answer
	})

	for (const answer of away) isProblem(t, answer, 503, 'database_unavailable')
	t.is(status, 503)
	t.is(back.body.id, id)
	await server.stop()
	await proxy.close()
})

test.serial('sessions that are ended cost at most a 503, never a lost or a broken server', async (t) => {
	bePatient(t)
	const server = await startTestServer(db)
	const api = clientOf(server.url)
	const { id } = await api.submit()

	const asking = Array.from({ length: 50 }, async (_, i) => {
		if (i % 10 === 0)
			await db.query(
				"select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'taskq server%'",
			)
		return (await api.get(`/jobs/${id}`)).status
	})
	const statuses = new Set(await Promise.all(asking))

	t.true(statuses.isSubsetOf(new Set([200, 503])), [...statuses].join())
	t.is(await until(async () => (await api.get(`/jobs/${id}`)).status === 200), true)
	await server.stop()
})

test.serial('a database without the schema is not ready, and says so', async (t) => {
	bePatient(t)
	const empty = Object.assign(new URL(db.url), { pathname: '/postgres' }).href
	const server = await startTestServer(db, { connectionString: empty })
	const api = clientOf(server.url)

	const [live, ready, listed] = [await api.get('/livez'), await api.get('/readyz'), await api.get('/jobs')]

	t.is(live!.status, 200)
	t.is(ready!.status, 503)
	t.regex(ready!.body.reason, /schema is missing/)
	isProblem(t, listed!, 503, 'database_unavailable')
	await server.stop()
})

test.serial('what the database refuses is told as what to change', async (t) => {
	bePatient(t)
	const wrong = Object.entries({ pathname: '/nowhere', password: 'wrong' })
	const reasons: string[] = []

	for (const [part, value] of wrong) {
		const server = await startTestServer(db, { connectionString: Object.assign(new URL(db.url), { [part]: value }).href })
		const { status, body } = await clientOf(server.url).get('/readyz')
		reasons.push(`${status}: ${body.reason}`)
		await server.stop()
	}

	t.deepEqual(reasons, [
		'503: the database that DATABASE_URL names does not exist',
		'503: the database refuses the password of DATABASE_URL',
	])
})
