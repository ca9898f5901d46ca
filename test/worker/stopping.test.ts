import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { submit, useDb } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { anyTask, startWorker, whenStatus } from '../support/worker.ts'

const db = useDb(test)

test.serial('a handler that outruns its timeout is told so and its attempt ends', async (t) => {
	const reasons: unknown[] = []
	const long = anyTask('long', async (_payload, job) => {
		await sleep(60_000, undefined, { signal: job.signal }).catch(() => reasons.push((job.signal.reason as { reason: string }).reason))
		throw new Error('too late')
	})
	await startWorker(t, db, [long])

	const { id } = await submit(db, { type: 'long', timeout_seconds: 1, retry_config: { max_attempts: 1 } })

	const job = await whenStatus(db, id, 'failed')
	t.deepEqual(reasons, ['timed_out'])
	t.is(job.error.name, 'TimeoutError')
	t.is((await db.row('select outcome from taskq.job_executions where job_id = $1', [id])).outcome, 'timed_out')
})

test.serial('a handler that ignores its signal holds its slot no longer than the grace', async (t) => {
	const deaf = anyTask('deaf', () => new Promise(() => {}))
	const next = anyTask('next', () => 'ran')
	await startWorker(t, db, [deaf, next], { concurrency: 1 })

	const first = await submit(db, { type: 'deaf', timeout_seconds: 1, retry_config: { max_attempts: 1 } })
	const second = await submit(db, { type: 'next' })

	t.is((await whenStatus(db, first.id, 'failed')).error.name, 'TimeoutError')
	t.is((await whenStatus(db, second.id, 'completed')).result, 'ran')
})

test.serial('a running job that is cancelled hears of it and ends as cancelled', async (t) => {
	let heard: unknown
	const running = anyTask('running', async (_payload, job) => {
		job.signal.addEventListener('abort', () => {
			heard = (job.signal.reason as { reason: string }).reason
		})
		await sleep(60_000, undefined, { signal: job.signal })
	})
	await startWorker(t, db, [running])
	const { id } = await submit(db, { type: 'running' })
	await whenStatus(db, id, 'running')

	const answer = await db.row('select taskq.cancel_job($1) as status', [id])

	const job = await whenStatus(db, id, 'cancelled')
	t.is(answer.status, 'running')
	t.is(heard, 'cancelled')
	t.is(job.reason, 'requested')
})

test.serial('no more handlers run at a time than the concurrency, and jobs wait for cpu', async (t) => {
	let now = 0
	let most = 0
	const busy = async () => {
		most = Math.max(most, ++now)
		await sleep(20)
		now--
	}
	const light = anyTask('light', busy)
	const heavy = anyTask('heavy', busy, { cpuUnits: 2 })
	await startWorker(t, db, [light, heavy], { concurrency: 3, cpuUnits: 2.5 })

	const lights = await Promise.all(Array.from({ length: 12 }, () => submit(db, { type: 'light' })))
	for (const { id } of lights) await whenStatus(db, id, 'completed')
	const mostLights = most
	most = 0
	const heavies = await Promise.all(Array.from({ length: 3 }, () => submit(db, { type: 'heavy' })))
	for (const { id } of heavies) await whenStatus(db, id, 'completed')

	t.is(mostLights, 3)
	t.is(most, 1)
})

test.serial('a stopping worker finishes what runs, gives back the rest uncharged, and says goodbye', async (t) => {
	let finish: (() => void) | undefined
	const held = anyTask(
		'held',
		() =>
			new Promise<string>((resolve) => {
				finish = () => resolve('finished')
			}),
	)
	const worker = await startWorker(t, db, [held], { concurrency: 1, shutdownGraceSeconds: 60 })
	const first = await submit(db, { type: 'held' })
	await until(() => finish)
	const second = await submit(db, { type: 'held' })

	const stopped = worker.stop()
	finish!()
	await stopped

	t.is((await whenStatus(db, first.id, 'completed')).result, 'finished')
	t.is((await whenStatus(db, second.id, 'ready')).attempt, 1)
	t.is((await db.row('select status from taskq.workers where worker_id = $1', [worker.id])).status, 'stopped')
	await db.query('select taskq.cancel_job($1)', [second.id])
})

test.serial('a handler that outlasts the grace of a shutdown is stopped and its attempt not charged', async (t) => {
	const long = anyTask('outlasting', async (_payload, job) => {
		await sleep(60_000, undefined, { signal: job.signal })
	})
	const worker = await startWorker(t, db, [long], { shutdownGraceSeconds: 0 })
	const { id } = await submit(db, { type: 'outlasting', retry_config: { max_attempts: 1 } })
	await whenStatus(db, id, 'running')

	await worker.stop()

	t.is((await whenStatus(db, id, 'ready')).attempt, 1)
	t.deepEqual(await db.rows('select outcome from taskq.job_executions where job_id = $1', [id]), [{ outcome: 'released' }])
	await db.query('select taskq.cancel_job($1)', [id])
})

test.serial('a job whose claim is answered only after the grace of a shutdown never starts', async (t) => {
	let started = 0
	const late = anyTask('late', () => {
		started++
	})
	const worker = await startWorker(t, db, [late], { shutdownGraceSeconds: 0 })
	const other = await db.client()
	await other.query('begin; lock table taskq_private.claims in share mode')
	const { id } = await submit(db, { type: 'late' })
	await until(() => db.row("select from pg_stat_activity where application_name = 'taskq worker' and wait_event_type = 'Lock'"))

	const stopped = worker.stop()
	await sleep(50) // the grace is over
	await other.query('commit')
	await stopped

	t.is(started, 0)
	t.is((await whenStatus(db, id, 'ready')).attempt, 1)
	await db.query('select taskq.cancel_job($1)', [id])
})

test.serial('a job that was claimed ahead and waits behind a slow one goes back for others', async (t) => {
	let release = () => {}
	const mixed = anyTask('mixed', ({ slow }) =>
		slow
			? new Promise<void>((resolve) => {
					release = resolve
				})
			: 'quick',
	)
	const worker = await startWorker(t, db, [mixed], { concurrency: 1 })
	const quick = await Promise.all(Array.from({ length: 50 }, () => submit(db, { type: 'mixed' })))
	for (const { id } of quick) await whenStatus(db, id, 'completed') // so that it claims ahead

	await db.query('select * from taskq.submit_jobs($1)', [
		JSON.stringify([
			{ type: 'mixed', payload: { slow: true } },
			{ type: 'mixed', payload: {} },
		]),
	])

	await until(() =>
		db.row("select from taskq.job_executions e join taskq.jobs j using (job_id) where j.type = 'mixed' and e.outcome = 'released'"),
	)
	t.is((await db.row('select running_count from taskq.workers where worker_id = $1', [worker.id])).running_count, 1)
	release()
	await until(
		async () => (await db.row("select count(*)::integer as n from taskq.jobs where type = 'mixed' and status = 'completed'")).n === 52,
	)
})
