import { once } from 'node:events'
import test from 'ava'
import { makeProxy } from '../faults/proxy.ts'
import { submit, useDb } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { spawnWorker, whenStatus } from '../support/worker.ts'

const db = useDb(test)
const ready = (worker: ReturnType<typeof spawnWorker>) => until(() => worker.output().includes('the worker is ready'))

test.serial('the jobs of a killed worker run elsewhere, and its attempt is on record as lost', async (t) => {
	const first = spawnWorker(t, db)
	await ready(first)
	const { id } = await submit(db, { type: 'slow', payload: { ms: 3_600_000 }, retry_config: { max_attempts: 1 } })
	const running = await whenStatus(db, id, 'running')
	const second = spawnWorker(t, db)
	await ready(second)

	first.kill('SIGKILL')

	await until(() =>
		db.row('select from taskq.jobs where job_id = $1 and status = $2 and worker_id <> $3', [id, 'running', running.worker_id]),
	)
	t.like(await db.row('select outcome, attempt from taskq.job_executions where job_id = $1 order by claim_id limit 1', [id]), {
		outcome: 'lost',
		attempt: 1,
	})
	t.is((await db.row('select status from taskq.workers where worker_id = $1', [running.worker_id])).status, 'lost')
	await db.query('select taskq.cancel_job($1)', [id])
	await whenStatus(db, id, 'cancelled')
})

test.serial('a job that takes three workers down is failed as crashed', async (t) => {
	const workers = Array.from({ length: 4 }, () => spawnWorker(t, db))
	await Promise.all(workers.map(ready))

	const { id } = await submit(db, { type: 'poison' })

	t.is((await whenStatus(db, id, 'failed')).reason, 'crashed')
	t.is(workers.filter((worker) => worker.signalCode === 'SIGKILL').length, 3)
})

test.serial('SIGTERM lets a worker finish what runs and ends it with status 0', async (t) => {
	const worker = spawnWorker(t, db)
	await ready(worker)
	const { id } = await submit(db, { type: 'slow', payload: { ms: 500 } })
	await until(() => worker.output().includes('slow has begun')) // what has not is given back

	worker.kill('SIGTERM')
	const [code] = await once(worker, 'exit')

	t.is(code, 0, worker.output())
	t.deepEqual((await whenStatus(db, id, 'completed')).result, { slept: 500 })
})

test.serial('a second SIGTERM ends a worker at once', async (t) => {
	const worker = spawnWorker(t, db, { SHUTDOWN_GRACE_SECONDS: '86400' })
	await ready(worker)
	const { id } = await submit(db, { type: 'stubborn' })
	await until(() => worker.output().includes('stubborn has begun'))

	worker.kill('SIGTERM')
	await until(() => worker.output().includes('stopping'))
	worker.kill('SIGTERM')
	const [code] = await once(worker, 'exit')

	t.is(code, 1)
	await db.query('select taskq.tick() from generate_series(1, 1)')
	await until(async () => {
		await db.query('select taskq.tick()')
		return db.row('select from taskq.jobs where job_id = $1 and status = $2', [id, 'ready'])
	})
	await db.query('select taskq.cancel_job($1)', [id])
})

test.serial('a worker outlives the loss of all its connections, and every job is recorded once', async (t) => {
	const worker = spawnWorker(t, db)
	await ready(worker)
	const ids = await Promise.all(Array.from({ length: 200 }, (_, n) => submit(db, { type: n % 2 ? 'quick' : 'slow', payload: { ms: 20 } })))

	for (let n = 0; n < 5; n++) {
		await db.query(
			"select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'taskq worker%' and datname = current_database()",
		)
		await new Promise((resolve) => setTimeout(resolve, 100))
	}

	for (const { id } of ids) await whenStatus(db, id, 'completed')
	t.is(worker.exitCode, null)
	t.is((await db.row('select count(*)::integer as n from taskq_private.claims')).n, 0)
})

test.serial('a worker that starts before its database waits for it', async (t) => {
	const worker = spawnWorker(t, db, { DATABASE_URL: db.url.replace(/:\d+\//, ':1/') })

	await until(() => worker.output().includes('cannot start yet'))

	t.is(worker.exitCode, null)
})

test.serial('a worker whose database is gone for good still stops when asked', async (t) => {
	const proxy = await makeProxy(db.url)
	await proxy.open()
	const worker = spawnWorker(t, db, { DATABASE_URL: proxy.url, SHUTDOWN_GRACE_SECONDS: '0' })
	await ready(worker)
	const { id } = await submit(db, { type: 'slow', payload: { ms: 3_600_000 } })
	await whenStatus(db, id, 'running')

	await proxy.close()
	worker.kill('SIGTERM')
	const [code] = await once(worker, 'exit')

	t.is(code, 0, worker.output())
	await until(async () => {
		await db.query('select taskq.tick()')
		return db.row('select from taskq.jobs where job_id = $1 and status = $2', [id, 'ready'])
	})
	await db.query('select taskq.cancel_job($1)', [id])
})

test.serial('a promise that a task forgot does not end the worker', async (t) => {
	const worker = spawnWorker(t, db)
	await ready(worker)

	const { id } = await submit(db, { type: 'forgetful' })
	await whenStatus(db, id, 'completed')
	await until(() => worker.output().includes('unhandled rejection'))
	const after = await submit(db, { type: 'quick', payload: { still: 'here' } })

	t.deepEqual((await whenStatus(db, after.id, 'completed')).result, { still: 'here' })
})
