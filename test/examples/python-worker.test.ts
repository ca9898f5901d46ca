import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { submit, useDb } from '../support/db.ts'
import { root } from '../support/file-rules.ts'
import { until } from '../support/patience.ts'
import { python, spawnPythonWorker } from '../support/python.ts'
import { whenStatus } from '../support/worker.ts'

const db = useDb(test)
const readme = fs.readFileSync(path.join(root, 'examples/python-worker/README.md'), 'utf8')
const [table] = [...readme.matchAll(/^```sql\n(create table[\s\S]*?)```/gm)].map(([, sql]) => sql!)

const withPython = python ? test.serial : test.serial.skip
if (!python)
	console.warn('NOT TESTED: examples/python-worker: no python3 here can import psycopg2 (Debian: apt-get install python3-psycopg2)')

type Process = ReturnType<typeof spawnPythonWorker>
const ready = (worker: Process, times = 1) => until(() => worker.output().split('ready as').length > times)
const workerOf = async (id: string) => (await whenStatus(db, id, 'running')).worker_id as string

withPython('runs a job, with its effect in the same transaction, woken by a notification and no poll', async (t) => {
	await db.query(table!)
	const worker = spawnPythonWorker(t, db, { POLL_SECONDS: '3600' })
	await ready(worker)
	const first = await submit(db, { type: 'nap', payload: { seconds: 0 } })
	await whenStatus(db, first.id, 'completed')
	await until(() =>
		db.row(
			`select from pg_stat_activity where datname = current_database() and query ~ '^select claim_id.*claim_next_job' and state = 'idle'`,
		),
	)

	const { id } = await submit(db, { type: 'word_count', payload: { text: 'to be or not to be' } })
	const done = await whenStatus(db, id, 'completed')

	t.deepEqual(done.result, { words: 6 })
	t.deepEqual(await db.rows('select * from word_counts'), [{ text: 'to be or not to be', words: 6 }])
})

withPython('an exception fails the job with its message, and what the handler wrote is undone', async (t) => {
	await ready(spawnPythonWorker(t, db))
	await db.query(`alter table word_counts add constraint short check (length(text) < 100)`)

	const { id } = await submit(db, { type: 'word_count', payload: { text: 'x '.repeat(100) }, retry_config: { max_attempts: 1 } })
	const failed = await whenStatus(db, id, 'failed')

	t.regex(failed.error.message, /violates check constraint "short"/)
})

withPython('the job of a worker that was killed runs elsewhere', async (t) => {
	const first = spawnPythonWorker(t, db)
	await ready(first)
	const { id } = await submit(db, { type: 'nap', payload: { seconds: 3600 } })
	const held = await workerOf(id)
	const second = spawnPythonWorker(t, db)
	await ready(second)

	first.kill('SIGKILL')

	await until(() => db.row('select from taskq.jobs where job_id = $1 and status = $2 and worker_id <> $3', [id, 'running', held]))
	t.like(await db.row('select outcome from taskq.job_executions where job_id = $1 order by claim_id limit 1', [id]), { outcome: 'lost' })
	t.is((await db.row('select status from taskq.workers where worker_id = $1', [held])).status, 'lost')
	await db.query('select taskq.cancel_job($1)', [id])
})

withPython('comes back under its id after its connections were cut', async (t) => {
	const worker = spawnPythonWorker(t, db)
	await ready(worker)
	const [, workerId] = /ready as (\S+)/.exec(worker.output())!
	await db.query(
		`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name ~ '-python-'`,
	)

	await ready(worker, 2)
	const { id } = await submit(db, { type: 'nap', payload: { seconds: 0 } })

	t.is((await whenStatus(db, id, 'completed')).worker_id, workerId)
})

withPython('registers anew when it was given up', async (t) => {
	const worker = spawnPythonWorker(t, db)
	await ready(worker)
	const [, workerId] = /ready as (\S+)/.exec(worker.output())!
	await db.query('select taskq.stop_worker($1)', [workerId])

	await ready(worker, 2)
	const { id } = await submit(db, { type: 'nap', payload: { seconds: 0 } })

	t.not((await whenStatus(db, id, 'completed')).worker_id, workerId)
})

withPython('SIGTERM lets it finish its job, say goodbye and end with status 0', async (t) => {
	const worker = spawnPythonWorker(t, db)
	await ready(worker)
	const { id } = await submit(db, { type: 'nap', payload: { seconds: 1 } })
	const workerId = await workerOf(id)

	worker.kill('SIGTERM')
	const [code] = await once(worker, 'exit')

	t.is(code, 0, worker.output())
	t.is((await db.row('select status from taskq.jobs where job_id = $1', [id])).status, 'completed')
	t.is((await db.row('select status from taskq.workers where worker_id = $1', [workerId])).status, 'stopped')
})
