/** F10, T11: a transaction pooler on the way of servers and workers. */
import test from 'ava'
import { WebSocket } from 'ws'
import { bePatient, until } from '../../support/patience.ts'
import { makeCluster } from '../cluster.ts'
import { makePgbouncer, noPgbouncer } from '../pgbouncer.ts'
import { notDoneOnce, quantile, spawnServer, spawnWorkerAt, submitSurely, untilAllEnded } from './support.ts'

if (noPgbouncer) console.error(`SKIPPED: what a transaction pooler does: ${noPgbouncer}`)
const ifPgbouncer = noPgbouncer ? test.serial.skip : test.serial
const DEAF = 'LISTEN does not deliver here'

ifPgbouncer('through pgbouncer in transaction mode, with LISTEN by the direct way, all doors serve and jobs start at once', async (t) => {
	bePatient(t)
	const cluster = await makeCluster(t)
	const { url } = await makePgbouncer(t, cluster.url)
	const env = { DATABASE_DIRECT_URL: cluster.url, JOB_TTL_SECONDS: '3600' }
	const server = await spawnServer(t, url, env)
	const workers = [await spawnWorkerAt(t, url, { env }), await spawnWorkerAt(t, url, { env })]

	const ids = await Promise.all(Array.from({ length: 200 }, async () => (await submitSurely(server.api, { type: 'quick' })).id))
	await untilAllEnded(cluster.db, ids)
	const lone = []
	for (let n = 0; n < 10; n++) {
		const { id } = await submitSurely(server.api, { type: 'quick' })
		await untilAllEnded(cluster.db, [id])
		const { ms } = await cluster.row(
			'select extract(epoch from started_at - created_at)::float8 * 1000 as ms from taskq.jobs where job_id = $1',
			[id],
		)
		lone.push(ms)
	}
	const query = '{ listJobs(maxRows: 5) { jobId status } }'
	const graphql = await Promise.all(Array.from({ length: 20 }, () => server.api.post('/graphql', { query })))
	const paused = await server.api.send('PUT', '/queues/default/pause')
	const audited = await cluster.rows(`select distinct session_user from taskq_private.audit_log`)

	t.deepEqual(await notDoneOnce(cluster.db, ids), [])
	// one that waits for the next poll is so quick once in ten times at most
	t.true(quantile(lone, 0.2) < 100, `these started after ${lone.map(Math.round)} ms: they were not heard`)
	for (const { body } of graphql) t.is(body.data?.listJobs?.length, 5, JSON.stringify(body))
	t.true(paused.status < 300)
	t.is(audited.length, 1)
	t.false([server, ...workers].some((one) => one.output().includes(DEAF)))
	t.is((await cluster.rows(`select from taskq.workers where status = 'active'`)).length, 2)
	t.deepEqual(await cluster.breaches(), [])
	t.log(`ready to started: p50 ${Math.round(quantile(lone, 0.5))} ms`)
})

ifPgbouncer('statements through the pooler act in their role, under their name, and leave nothing behind', async (t) => {
	bePatient(t)
	const cluster = await makeCluster(t)
	const { url } = await makePgbouncer(t, cluster.url, { poolSize: 1 })
	const reader = (await cluster.row(`select taskq.create_api_key('reader', 'taskq_reader') as key`)).key
	const operator = (await cluster.row(`select taskq.create_api_key('operator', 'taskq_operator') as key`)).key
	const { api } = await spawnServer(t, url, { DATABASE_DIRECT_URL: cluster.url })
	await cluster.query(`select taskq.register_task_types('[{"type": "quick"}]')`)
	const by = (key: string) => ({ Authorization: `Bearer ${key}` })

	const answers = await Promise.all(
		Array.from({ length: 20 }, async (_, n) => (await api.post('/jobs', { type: 'quick' }, by(n % 2 ? reader : operator))).status),
	)
	await api.send('PUT', '/queues/default/pause', undefined, by(operator))
	await api.send('DELETE', '/queues/default/pause')
	const actors = (await cluster.rows('select actor from taskq_private.audit_log order by audit_id')).map(({ actor }) => actor)

	t.deepEqual(
		answers,
		Array.from({ length: 20 }, (_, n) => (n % 2 ? 403 : 201)),
	)
	t.true(actors.at(-2).endsWith('/operator'), actors.join())
	t.is(actors.at(-1), 'postgres', 'the name was not left to the next caller')
})

const poolers = { 'refuses settings of a session': '', 'drops settings of a session': 'ignore_startup_parameters = options' }
for (const [what, settings] of Object.entries(poolers))
	ifPgbouncer(`where LISTEN goes through a pooler too that ${what}, that is said at once, and polling finds every job`, async (t) => {
		bePatient(t)
		const cluster = await makeCluster(t)
		const { url } = await makePgbouncer(t, cluster.url, { settings })
		const direct = new URL(url)
		direct.searchParams.set('application_name', 'other') // another connection string, and still the pooler's
		const env = { DATABASE_DIRECT_URL: direct.href }
		const server = await spawnServer(t, url, env)
		const worker = await spawnWorkerAt(t, url, { env })
		const socket = new WebSocket(`${server.api.url.replace('http', 'ws')}/jobs/stream`)
		t.teardown(() => socket.terminate())
		const events: string[] = []
		socket.on('message', (data) => events.push(JSON.parse(String(data)).event))
		await until(() => server.output().includes(DEAF))

		const ids = await Promise.all(Array.from({ length: 10 }, async () => (await submitSurely(server.api, { type: 'quick' })).id))
		await untilAllEnded(cluster.db, ids)
		await until(() => events.filter((event) => event === 'job_completed').length === ids.length)
		const { body } = await server.api.get('/health')

		t.true(worker.output().includes(DEAF))
		t.regex(JSON.stringify(body), /LISTEN does not deliver/)
		t.deepEqual(await notDoneOnce(cluster.db, ids), [])
		t.is((await cluster.rows('select from taskq_private.workers where holds_session')).length, 0, 'no lock that would outlive its worker')
		t.deepEqual(await cluster.breaches(), [])
	})
