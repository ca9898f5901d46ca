/** F8, T16, T17, T19: no connection left; a notification queue that is full. */
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import pg from 'pg'
import { registerTypes } from '../../support/db.ts'
import { until } from '../../support/patience.ts'
import { type Cluster, makeCluster, postgresMajor } from '../cluster.ts'
import { notDoneOnce, spawnServer, spawnWorkerAt, submitSurely, timed, untilAllEnded, within } from './support.ts'

/** Servers and workers do not log in as a superuser, for whom some connections are kept. */
async function ordinaryUrl(cluster: Cluster): Promise<string> {
	await cluster.query(`create role app login password 'app' in role taskq_reader, taskq_client, taskq_worker, taskq_operator, taskq_admin`)
	return Object.assign(new URL(cluster.url), { username: 'app', password: 'app' }).href
}

/** Takes all connections that there are for ordinary roles, taskq's as well; answers what gives them back. */
async function takeAll(cluster: Cluster, connectionString: string): Promise<() => Promise<void>> {
	const taken: pg.Client[] = []
	let calm = 0
	await until(async () => {
		await cluster.terminate()
		const before = taken.length
		for (let full = false; !full; ) {
			const client = new pg.Client({ connectionString, application_name: 'hog' })
			client.on('error', () => {})
			await client.connect().then(
				() => taken.push(client),
				(error) => {
					full = error.code === '53300'
				},
			)
		}
		// a session that ends gives its place back a little after it is no longer seen
		calm = taken.length === before && (await cluster.backends()).length === 0 ? calm + 1 : 0
		if (calm > 0) await sleep(100)
		return calm === 3
	})
	return async () => void (await Promise.all(taken.map((client) => client.end())))
}

test('with no connection left REST answers 503 at once, and all goes on when there are some again', async (t) => {
	const cluster = await makeCluster(t, { settings: { max_connections: 40 } })
	const url = await ordinaryUrl(cluster)
	const server = await spawnServer(t, url)
	const worker = await spawnWorkerAt(t, url)
	await submitSurely(server.api, { type: 'quick' })
	const free = await takeAll(cluster, url)

	const answers = await Promise.all(Array.from({ length: 10 }, () => timed(() => server.api.post('/jobs', { type: 'quick' }))))
	const live = await server.api.get('/livez')
	const ready = await server.api.get('/readyz')
	await free()
	const back = await timed(() => submitSurely(server.api, { type: 'quick' }))
	const run = await timed(() => untilAllEnded(cluster.db, [back.answer.id]))

	for (const { answer } of answers) {
		t.is(answer.status, 503, JSON.stringify(answer.body))
		t.is(answer.headers.get('retry-after'), '1')
	}
	t.true(Math.min(...answers.map(({ ms }) => ms)) < 2_000, 'nobody waits for a connection until its timeout')
	t.is(live.status, 200)
	t.is(ready.status, 503)
	t.deepEqual([server.exitCode, worker.exitCode], [null, null])
	t.deepEqual(await cluster.breaches(), [])
	t.log(`503 after at most ${Math.round(Math.max(...answers.map(({ ms }) => ms)))} ms; back after ${Math.round(back.ms + run.ms)} ms`)
})

const hasSmallQueue = postgresMajor >= 17
if (!hasSmallQueue) console.error('SKIPPED: a full notification queue: PostgreSQL 17 is the first whose queue can be made small')
const ifSmallQueue = hasSmallQueue ? test : test.skip

ifSmallQueue('while the notification queue is full every submit is taken and every job runs', async (t) => {
	const cluster = await makeCluster(t, { settings: { max_notify_queue_pages: 64 } })
	const server = await spawnServer(t, cluster.url)
	await spawnWorkerAt(t, cluster.url)
	const usage = async () => (await cluster.row('select pg_notification_queue_usage() as part')).part as number
	const laggard = await cluster.db.client()
	await laggard.query('listen something')
	await laggard.query('begin')
	const { pid } = (await laggard.query('select pg_backend_pid() as pid')).rows[0]
	// more than the queue holds: what a transaction that fails has put there wakes no listener, so none would read it
	const fill = `select pg_notify('something', repeat(n::text, 1500)) from generate_series(1000, 1199) as n`
	await until(() =>
		cluster.query(fill).then(
			() => false,
			({ code }) => code === '54000' || code === '53400' || t.fail(code),
		),
	)
	await until(() =>
		cluster.query(`select pg_notify('something', repeat('x', 7000))`).then(
			() => false,
			() => true,
		),
	)
	const full = await usage()

	const submits = await Promise.all(Array.from({ length: 20 }, () => server.api.post('/jobs', { type: 'quick' })))
	const ids = submits.map(({ body }) => body.id as string)
	await untilAllEnded(cluster.db, ids)
	await cluster.terminate(`pid = ${pid}`)
	const freed = await timed(() => within(10, 'the queue', async () => (await usage()) < 0.5))

	t.true(full > 0.9, `the queue was full to ${full}`)
	t.deepEqual([...new Set(submits.map(({ status }) => status))], [201])
	t.deepEqual(await notDoneOnce(cluster.db, ids), [])
	t.deepEqual(await cluster.breaches(), [])
	t.log(`the queue was full to ${Math.round(full * 100)} %; taskq notifies again ${Math.round(freed.ms)} ms after its laggard was gone`)
})

test('a transaction that is left open for long slows nothing down to a stop, and loses nothing', async (t) => {
	const cluster = await makeCluster(t)
	await registerTypes(cluster.db, 'quick')
	const server = await spawnServer(t, cluster.url)
	await spawnWorkerAt(t, cluster.url, { env: { WORKER_CONCURRENCY: '20' } })
	const jobs = Array.from({ length: 1000 }, () => ({ type: 'quick' }))
	const drain = async () => {
		const { ms, answer: ids } = await timed(async () => {
			const { body } = await server.api.post('/jobs/batch', { jobs })
			const made: string[] = body.jobs.map(({ id }: { id: string }) => id)
			await untilAllEnded(cluster.db, made)
			return made
		})
		return { ids, ms }
	}
	await drain()
	const before = await drain()

	const [reader, writer] = [await cluster.db.client(), await cluster.db.client()]
	await reader.query('begin isolation level repeatable read; select count(*) from taskq.jobs')
	await writer.query('begin; select pg_current_xact_id()')
	const during = []
	for (let n = 0; n < 5; n++) during.push(await drain())

	t.deepEqual(
		await notDoneOnce(
			cluster.db,
			during.flatMap(({ ids }) => ids),
		),
		[],
	)
	const slowest = Math.max(...during.map(({ ms }) => ms))
	t.true(slowest <= 3 * before.ms + 1000, `1000 jobs took ${slowest} ms under old snapshots, ${before.ms} ms without`)
	t.log(`1000 jobs took ${Math.round(before.ms)} ms, and under old snapshots ${during.map(({ ms }) => Math.round(ms)).join(' ')} ms`)
	t.deepEqual(await cluster.breaches(), [])
})
