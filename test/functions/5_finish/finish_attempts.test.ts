import test from 'ava'
import { claim, useDb } from '../../support/db.ts'
import { makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

test.serial('a batch of outcomes takes each job to where it goes', async (t) => {
	const stage = await makeStage(db)
	const ids = await stage.submit({}, {}, {}, {}, { retry_config: { max_attempts: 1 } }, {}, {})
	const { claim_id } = await stage.claim(100)
	const reports = [
		{ outcome: 'completed' },
		{ outcome: 'failed' },
		{ outcome: 'timed_out' },
		{ outcome: 'failed', fatal: true },
		{ outcome: 'timed_out' },
		{ outcome: 'cancelled' },
		{ outcome: 'released' },
	] as const

	const { rejected } = await claim(
		db,
		stage.worker,
		0,
		reports.map((report, n) => ({ claim_id: claim_id!, job_id: ids[n]!, ...report })),
	)

	t.deepEqual(rejected, [])
	t.deepEqual(await Promise.all(ids.map(stage.status)), ['completed', 'retrying', 'retrying', 'failed', 'failed', 'cancelled', 'ready'])
})

test.serial('an outcome whose claim was lost is rejected by name, and the others are recorded', async (t) => {
	const stage = await makeStage(db)
	const other = await stage.addWorker()
	const [mine, ended, foreign] = await stage.submit({}, {}, {})
	const held = await stage.claim(2)
	const theirs = await stage.claim(1, other)
	await stage.complete(held, [ended!])

	const { rejected } = await claim(db, stage.worker, 0, [
		{ claim_id: held.claim_id!, job_id: mine!, outcome: 'completed' },
		{ claim_id: held.claim_id!, job_id: ended!, outcome: 'failed' },
		{ claim_id: theirs.claim_id!, job_id: foreign!, outcome: 'completed' },
	])

	t.deepEqual(rejected.sort(), [ended, foreign].sort() as string[])
	t.deepEqual(await Promise.all([mine!, ended!, foreign!].map(stage.status)), ['completed', 'completed', 'running'])
})

test.serial('an outcome that comes twice counts once', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const claimed = await stage.claim()

	const twice = await stage.report(claimed, { outcome: 'failed' }, [id, id])
	const again = await stage.report(claimed, { outcome: 'failed' })

	t.deepEqual([twice.rejected, again.rejected], [[], [id]])
	t.is((await db.rows('select from taskq.job_executions where job_id = $1', [id])).length, 1)
})

test.serial('a report that does not say how it went is a failure, and no job is lost', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const claimed = await stage.claim()

	await stage.report(claimed, { outcome: undefined })

	t.like(await stage.job(id), { status: 'retrying', attempt: 2 })
})

test.serial('an outcome that is none is refused, and the job runs on', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const claimed = await stage.claim()

	t.is(await sqlState(stage.report(claimed, { outcome: 'done' as never })), '22P02')
	t.is(await stage.status(id), 'running')
})

test.serial('an attempt starts when its worker says, and never before its claim', async (t) => {
	const stage = await makeStage(db)
	const [short, long] = await stage.submit({}, {})
	const claimed = await stage.claim(2)
	await db.moveClock('10 seconds')

	await stage.report(claimed, { outcome: 'completed', duration_seconds: 2 }, [short!])
	await stage.report(claimed, { outcome: 'completed', duration_seconds: 500 }, [long!])

	const seconds = await db.rows(
		'select round(extract(epoch from ended_at - started_at))::int as s from taskq.job_executions where job_id = any ($1) order by job_id',
		[[short, long]],
	)
	t.deepEqual(
		seconds.map(({ s }) => s),
		[2, 10],
	)
})

test.serial('each end has its event', async (t) => {
	const stage = await makeStage(db)
	const ids = await stage.submit({}, {}, {}, {}, {})
	const claimed = await stage.claim(5)
	const outcomes = ['completed', 'failed', 'cancelled', 'released'] as const
	for (const [n, outcome] of outcomes.entries()) await stage.report(claimed, { outcome }, [ids[n]!])
	await stage.report(claimed, { outcome: 'failed', fatal: true, error: { name: 'E', message: 'no' } }, [ids[4]!])

	const events = await db.rows(
		'select event, data from taskq_private.job_events where cardinality(job_ids) = 1 and job_ids <@ $1 order by event_id',
		[ids],
	)

	t.deepEqual(
		events.map(({ event }) => event),
		['job_completed', 'job_retrying', 'job_cancelled', 'job_ready', 'job_failed'],
	)
	t.deepEqual(events.at(-1)!.data, [{ outcome: 'failed', reason: 'fatal', error: 'no' }])
})
