import test from 'ava'
import { makePool } from '../../db/pool.ts'
import { makeProxy } from '../faults/proxy.ts'
import { clientOf, registerBuiltInTypes, startTestServer } from '../server/support.ts'
import { submit, useDb } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { anyTask, startWorker, whenStatus } from '../support/worker.ts'

// A cable that is pulled: nothing is refused, nothing ends, nothing comes. Both sides are to notice within half a minute.

const db = useDb(test)
/** Half a minute, on a machine that others keep busy; without probes it would be a quarter of an hour. */
const LIMIT_MS = 120_000

test('a worker whose connections fall silent goes on within half a minute, and records what ended meanwhile once', async (t) => {
	const proxy = await makeProxy(db.url)
	await proxy.open()
	let runs = 0
	let end = () => {}
	const task = anyTask('long', () => {
		runs++
		return new Promise<void>((resolve) => {
			end = resolve
		})
	})
	await startWorker(t, db, [task, anyTask('short', () => 'done')], { connectionString: proxy.url })
	const running = await submit(db, { type: 'long' })
	await until(() => runs === 1)

	proxy.freeze()
	const cutAt = performance.now()
	end()
	const waiting = await submit(db, { type: 'short' })
	await whenStatus(db, running.id, 'completed')
	await whenStatus(db, waiting.id, 'completed')

	t.true(performance.now() - cutAt < LIMIT_MS, `${Math.round(performance.now() - cutAt)} ms`)
	t.is(runs, 1)
	t.is((await db.row('select count(*)::int as n from taskq.job_executions where job_id = $1', [running.id])).n, 1)
	await proxy.close()
})

test('a worker whose connections fall silent still stops when asked', async (t) => {
	const proxy = await makeProxy(db.url)
	await proxy.open()
	const worker = await startWorker(t, db, [anyTask('other', () => 'done')], { connectionString: proxy.url })
	const { id } = await submit(db, { type: 'other' })
	await whenStatus(db, id, 'completed')

	proxy.freeze()
	const cutAt = performance.now()
	await worker.stop()

	t.true(performance.now() - cutAt < 2 * LIMIT_MS, `${Math.round(performance.now() - cutAt)} ms`)
	await proxy.close()
})

test('a server whose connections fall silent answers 503 within half a minute, and serves again', async (t) => {
	await registerBuiltInTypes(db)
	const proxy = await makeProxy(db.url)
	await proxy.open()
	const server = await startTestServer(db, { connectionString: proxy.url })
	const api = clientOf(server.url)
	t.is((await api.get('/jobs')).status, 200)

	proxy.freeze()
	const cutAt = performance.now()
	const first = await api.get('/jobs')
	const noticed = performance.now() - cutAt
	await until(async () => (await api.get('/jobs')).status === 200 && (await api.get('/readyz')).status === 200)

	t.true([200, 503].includes(first.status))
	t.true(noticed < LIMIT_MS && performance.now() - cutAt < LIMIT_MS + 10_000, `${noticed} ${performance.now() - cutAt} ms`)
	await server.stop()
	await proxy.close()
})

test('the database looks for dead sessions of ours itself', async (t) => {
	const pool = makePool({ connectionString: db.url, role: 'taskq_worker', name: 'probes' })
	const { rows } = await pool.query(
		"select name, setting from pg_settings where name like 'tcp_keepalives%' or name = 'client_connection_check_interval' order by 1",
	)
	await pool.end()

	t.deepEqual(Object.fromEntries(rows.map(({ name, setting }) => [name, Number(setting)])), {
		...{ client_connection_check_interval: 10_000, tcp_keepalives_count: 3, tcp_keepalives_idle: 10, tcp_keepalives_interval: 5 },
	})
})

test('a connection on which nothing is asked is not given up', async (t) => {
	const pool = makePool({ connectionString: db.url, role: 'taskq_worker', name: 'quiet', max: 1 })
	const client = await pool.connect()
	const { rows } = await client.query('select pg_backend_pid() as pid')
	await new Promise((resolve) => setTimeout(resolve, 21_000)) // longer than SILENT_AFTER_MS, with nothing asked
	const again = await client.query('select pg_backend_pid() as pid')
	client.release()
	await pool.end()

	t.is(again.rows[0].pid, rows[0].pid)
})
