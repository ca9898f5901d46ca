import test from 'ava'
import { call } from '../../db/calls.ts'
import { submit, useDb } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { openSession } from '../support/sessions.ts'
import { anyTask, startWorker } from '../support/worker.ts'

const db = useDb(test)

const JOBS = 5_000
const flood = (type: string) => call(db.pool, 'submitEach', [JSON.stringify(Array(JOBS).fill({ type }))])
const left = async () =>
	Number((await db.row('select (select count(*) from taskq_private.ready_jobs) + (select count(*) from taskq_private.claims) as n')).n)

test.serial('a flood is reported beside the claims: many at a time are under way, all of it is recorded once', async (t) => {
	const handled = new Map<string, number>()
	await startWorker(t, db, [
		anyTask('flood', (_, job) => {
			handled.set(job.id, (handled.get(job.id) ?? 0) + 1)
		}),
	])
	await flood('flood')

	await until(async () => (await left()) === 0)

	const { n } = await db.row(`select count(*)::int as n from taskq.jobs where type = 'flood' and status = 'completed' and attempt = 1`)
	t.deepEqual([n, handled.size, Math.max(...handled.values())], [JOBS, JOBS, 1])
})

test.serial('a worker that reports need not wait for its own claim', async (t) => {
	const { id } = await submit(db, { type: 'flood' })
	await until(async () => (await left()) === 1)
	const worker = (await db.row(`select taskq.register_worker('own', '{flood}', 4, 1000, 10) as id`)).id
	const held = (await db.row('select * from taskq.claim_next_job($1, 1)', [worker])) as { claim_id: string }
	const claiming = await openSession(db)
	await claiming.query('begin')
	await claiming.query('select * from taskq.claim_next_job($1, 5)', [worker]) // idle calls lock nothing, so:
	await claiming.query('select from taskq_private.workers where worker_id = $1 for no key update', [worker])

	await call(db.pool, 'claimNextJob', [worker, 0, JSON.stringify([{ claim_id: held.claim_id, job_id: id, outcome: 'completed' }])])

	await claiming.query('rollback')
	t.is((await db.row('select status from taskq.jobs where job_id = $1', [id])).status, 'completed')
})

test.serial(
	'outcomes that became many because a call failed are reported, though nothing else happens, and the worker stops',
	async (t) => {
		const gates: (() => void)[] = []
		const worker = await startWorker(t, db, [anyTask('gated', () => new Promise<void>((resolve) => void gates.push(resolve)))], {
			concurrency: 200,
		})
		await call(db.pool, 'submitEach', [JSON.stringify(Array(150).fill({ type: 'gated' }))])
		await until(() => gates.length === 150)
		const holder = await openSession(db)
		await holder.query('begin')
		await holder.query('select from taskq_private.claims for update')

		for (const end of gates.slice(0, 70)) end()
		const waits = `select pid from pg_stat_activity where application_name = 'taskq worker' and datname = current_database() and wait_event_type = 'Lock'`
		const [waiting] = await until(async () => {
			const rows = await db.rows(waits)
			return rows.length > 0 && rows
		})
		for (const end of gates.slice(70)) end()
		await db.query('select pg_terminate_backend($1)', [waiting!.pid])
		await holder.query('rollback')

		await until(async () => (await left()) === 0)
		await worker.stop()
		const { n } = await db.row(`select count(*)::int as n from taskq.jobs where type = 'gated' and status = 'completed'`)
		t.is(n, 150)
	},
)

test.serial('connections that break in a flood lose no job and record none twice', async (t) => {
	await startWorker(t, db, [anyTask('broken', () => null)])
	await flood('broken')

	let breaks = 0
	await until(async () => {
		if (breaks++ < 10)
			await db.query(
				`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'taskq worker' and datname = current_database() and state <> 'idle'`,
			)
		return (await left()) === 0
	})

	const ends = await db.row(
		`select count(*)::int as jobs, count(*) filter (where status = 'completed')::int as completed from taskq.jobs where type = 'broken'`,
	)
	t.deepEqual(ends, { jobs: JOBS, completed: JOBS })
	const twice = await db.rows(`select job_id from taskq.job_executions where outcome = 'completed' group by job_id having count(*) > 1`)
	t.deepEqual(twice, [])
})
