/** F9, F15, T21: listeners that do not read, a storm of notifications, and all connections made anew at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { type Json, openStream } from '../../server/support.ts'
import { submit } from '../../support/db.ts'
import { bePatient, until } from '../../support/patience.ts'
import { anyTask, startWorker } from '../../support/worker.ts'
import { type Cluster, makeCluster } from '../cluster.ts'
import { openProxy } from '../proxy.ts'
import { notDoneOnce, spawnServer, spawnWorkerAt, timed, untilAllEnded } from './support.ts'

const settings = { max_connections: 400 }

/** 18 MB of progress for whoever reads the stream. */
const MUCH = `insert into taskq_private.job_events (at, event, job_ids, lane_ids, attempts, data)
	select now(), 'job_progress', e.job_ids[1:1], e.lane_ids[1:1], array[1], jsonb_build_array(jsonb_build_object('data', $1::text))
	from (select * from taskq_private.job_events where event = 'job_submitted' limit 1) as e, generate_series(1, 600)`

/** A reader that reads, and comes back where a busy machine has made it too slow; answers what it has been told, each event once. */
async function follow(url: string): Promise<() => Json[]> {
	const told = new Map<string, Json>()
	const attach = async (query = ''): Promise<void> => {
		const { ws, closed, messages } = await openStream(url, query)
		let last = ''
		const note = (message: Json) => {
			told.set(`${message.id} ${message.job_id} ${message.event}`, message)
			last = message.id ?? last
		}
		messages.forEach(note)
		ws.on('message', (data) => note(JSON.parse(String(data))))
		void closed.then(({ code }) => (code === 1013 ? attach(last && `?since=${last}`) : undefined))
	}
	await attach()
	return () => [...told.values()]
}

const storm = (cluster: Cluster, sessions: number, commits: number) =>
	Promise.all(
		Array.from({ length: sessions }, async () => {
			const client = await cluster.db.client()
			await client.query(`do $$ begin for n in 1 .. ${commits} loop perform pg_notify('taskq_ready', ''); commit; end loop; end; $$`)
		}),
	)

test.serial(
	'a storm of notifications, a worker that has stopped, and a slow reader: the queue stays empty, the reader is cut',
	async (t) => {
		bePatient(t)
		const cluster = await makeCluster(t, { settings })
		const server = await spawnServer(t, cluster.url)
		const [stopped] = [await spawnWorkerAt(t, cluster.url), await spawnWorkerAt(t, cluster.url)]
		const [told, slow] = [await follow(server.api.url), await openStream(server.api.url)]
		slow.ws.pause()
		stopped.kill('SIGSTOP') // it listens, and reads nothing
		let most = 0
		let isOver = false
		const watching = (async () => {
			for (; !isOver; await sleep(20)) most = Math.max(most, (await cluster.row('select pg_notification_queue_usage() as part')).part)
		})()

		const storming = storm(cluster, 4, 500)
		const { body } = await server.api.post('/jobs/batch', { jobs: Array.from({ length: 120 }, () => ({ type: 'quick' })) })
		const ids: string[] = body.jobs.map(({ id }: { id: string }) => id)
		const { ms } = await timed(() => server.api.get('/livez'))
		await cluster.query(MUCH, ['x'.repeat(30_000)])
		await storming
		stopped.kill('SIGCONT')
		await untilAllEnded(cluster.db, ids)
		await until(() => ids.every((id) => told().some(({ event, job_id }) => event === 'job_completed' && job_id === id)))
		await until(() => told().filter(({ event }) => event === 'job_progress').length === 600)
		slow.ws.resume()
		const { code } = await slow.closed
		isOver = true
		await watching

		t.is(code, 1013)
		t.true(most < 0.01, `the notification queue was full to ${most}`)
		t.deepEqual(await notDoneOnce(cluster.db, ids), [])
		t.deepEqual(await cluster.breaches(), [])
		t.log(
			`2,000 commits that notify: the queue was full to ${(most * 100).toFixed(4)} % at most; the server answered within ${Math.round(ms)} ms`,
		)
	},
)

/** Each has two connections. */
const WORKERS = 50

test.serial('after a restart a hundred connections come back by themselves, and all work is done once', async (t) => {
	bePatient(t)
	const cluster = await makeCluster(t, { settings })
	await cluster.query('select taskq.configure(worker_lost_seconds => 3600)') // one event loop for all of them may be late with heartbeats
	const proxy = await openProxy(t, cluster.url)
	let isBack = false
	const task = anyTask('wait', async (_payload, job) => {
		await until(() => isBack || job.signal.aborted)
		return 'done'
	})
	const at = { ...cluster.db, url: proxy.url }
	const workers = await Promise.all(
		Array.from({ length: WORKERS }, (_, n) => startWorker(t, at, [task], { concurrency: 1, name: `worker ${n}` })),
	)
	const ids: string[] = []
	for (let n = 0; n < WORKERS; n++) ids.push((await submit(cluster.db, { type: 'wait', timeout_seconds: 3600 })).id)
	await until(async () => (await cluster.rows(`select from taskq.jobs where status = 'running'`)).length === WORKERS)

	const before = proxy.counts.made
	await cluster.stop('immediate')
	await cluster.start()
	const held = `select a.backend_start from pg_locks as k join pg_stat_activity as a using (pid) where k.locktype = 'advisory' and k.classid = 1952541556`
	const { ms, answer } = await timed(() =>
		until(async () => {
			const sessions = await cluster.rows<{ backend_start: Date }>(held)
			return sessions.length === WORKERS && sessions.map(({ backend_start }) => backend_start.getTime())
		}),
	)
	isBack = true
	await untilAllEnded(cluster.db, ids)

	t.deepEqual(await notDoneOnce(cluster.db, ids), [])
	t.deepEqual(await cluster.breaches(), [])
	const lost = (await cluster.rows(`select from taskq.workers where status = 'lost'`)).length
	const made = proxy.counts.made - before
	const seconds = (Math.max(...answer) - Math.min(...answer)) / 1000
	t.log(
		`all were back after ${Math.round(ms)} ms; ${made} connections were tried, the good ones begun over ${seconds} s; ${lost} taken for lost`,
	)
	await Promise.all(workers.map((worker) => worker.stop()))
})
