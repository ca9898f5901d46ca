import test from 'ava'
import { useDb } from '../../support/db.ts'
import { makeStage } from '../../support/stage.ts'

const db = useDb(test)

const promote = async (maxJobs = 1000) => (await db.row('select taskq_private.promote_due_jobs($1) as n', [maxJobs])).n as number
const inSeconds = async (seconds: number) =>
	(await db.row(`select to_json(taskq_private.clock() + $1 * interval '1 second') as at`, [seconds])).at as string

test.serial('a pending job becomes ready when it is due, and not before', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({ run_at: await inSeconds(60) })

	const early = await promote()
	await db.moveClock('59 seconds')
	const stillEarly = await promote()
	await db.moveClock('2 seconds')
	const due = await promote()

	t.deepEqual([early, stillEarly, due], [0, 0, 1])
	t.is(await stage.status(id), 'ready')
})

test.serial('a promoted job is ready since it was due, so that it comes before what was submitted later', async (t) => {
	const stage = await makeStage(db)
	const due = await stage.submitOne({ run_at: await inSeconds(60) })
	await db.moveClock('2 minutes')
	const later = await stage.submitOne()

	const claimed = await stage.claim(2)

	t.deepEqual(
		claimed.jobs.map((job) => job.job_id),
		[due, later],
	)
})

test.serial('a retrying job becomes ready with the attempt it waited for', async (t) => {
	const stage = await makeStage(db, { task: { initial_delay_seconds: 60 } })
	const id = await stage.submitOne()
	await stage.report(await stage.claim(), { outcome: 'failed' })
	await db.moveClock('61 seconds')

	await promote()

	t.like(await stage.job(id), { status: 'ready', attempt: 2 })
})

test.serial('a blocked job stays, however long it has been due', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()
	const child = await stage.submitOne({ depends_on: [parent], run_at: await inSeconds(60) })
	await db.moveClock('1 hour')

	t.is(await promote(), 0)
	t.is(await stage.status(child), 'blocked')
})

test.serial('no more are promoted than asked for, those due first first', async (t) => {
	const stage = await makeStage(db)
	const ids = await stage.submit({ run_at: await inSeconds(30) }, { run_at: await inSeconds(10) }, { run_at: await inSeconds(20) })
	await db.moveClock('1 minute')

	const promoted = [await promote(2), await Promise.all(ids.map(stage.status)), await promote(2)]

	t.deepEqual(promoted, [2, ['pending', 'ready', 'ready'], 1])
})

test.serial('an event tells of it', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({ run_at: await inSeconds(1) })
	await db.moveClock('2 seconds')

	await promote()

	const events = await db.rows('select event, attempts from taskq_private.job_events where job_ids = array[$1::uuid] order by event_id', [
		id,
	])
	t.deepEqual(
		events.map(({ event }) => event),
		['job_submitted', 'job_ready'],
	)
})
