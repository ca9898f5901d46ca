import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { registerTypes, submit, useDb } from '../../support/db.ts'
import { auditOf, fire, scheduleOf, setSchedule, stopClockAt, ticksFired } from '../../support/schedules.ts'

const db = useDb(test)

/** A day of its own for each test, so that the clock only goes on. */
let day = 0
test.beforeEach(async () => {
	day++
	await db.query('delete from taskq_private.schedules')
	await stopClockAt(db, at('00:00:00'))
	await registerTypes(db, 'echo')
})

const at = (time: string, later = 0) => new Date(Date.parse(`2031-01-01T${time}Z`) + (day + later) * 86_400_000).toISOString()
const goTo = (time: string, later = 0) => stopClockAt(db, at(time, later))

test.serial('each tick gets one job, once its time has come', async (t) => {
	await setSchedule(db, 'each', {
		cron: '*/5 * * * *',
		job: { type: 'echo', payload: { a: 1 }, queue: 'reports', priority: 'high', metadata: { of: 'me' } },
	})

	await goTo('00:04:59')
	t.is(await fire(db), 0)
	await goTo('00:05:00')
	t.is(await fire(db), 1)
	t.is(await fire(db), 0)

	const job = await db.row('select * from taskq.jobs order by job_id desc limit 1')
	t.like(job, { type: 'echo', queue: 'reports', priority: 2, status: 'ready', created_by: 'schedule:each', payload: { a: 1 } })
	t.deepEqual(job.metadata, { of: 'me', schedule: 'each', scheduled_for: at('00:05:00') })
	t.like(await scheduleOf(db, 'each'), {
		last_job_id: job.job_id,
		last_error: null,
		last_run_at: new Date(at('00:05:00')),
		next_run_at: new Date(at('00:10:00')),
	})
})

test.serial('tick() fires, and what it answers is as before', async (t) => {
	await setSchedule(db, 'ticked')
	await goTo('00:01:00')

	const answer = await callOne(db.pool, 'tick')

	t.deepEqual(Object.keys(answer), ['ran', 'promoted', 'lost_workers', 'expired_attempts', 'deleted_jobs', 'folded_workflows'])
	t.deepEqual(await ticksFired(db, 'ticked'), [at('00:01:00')])
})

test.serial('every counts from its start and does not drift, however late it is looked at', async (t) => {
	await setSchedule(db, 'anchored', { every: '90 seconds', starts_at: at('00:00:30') })
	for (const time of ['00:00:30.7', '00:02:09', '00:03:31.9', '00:05:05']) {
		await goTo(time)
		await fire(db)
	}

	t.deepEqual((await ticksFired(db, 'anchored')).slice(-4), [at('00:00:30'), at('00:02:00'), at('00:03:30'), at('00:05:00')])
})

test.serial('ticks that are up to ten seconds late each get their job, whatever the policy', async (t) => {
	for (const catch_up of ['none', 'last', 'all'])
		await setSchedule(db, catch_up, { every: '1 second', catch_up, starts_at: at('00:00:01') })
	await goTo('00:00:04')
	await fire(db)

	for (const name of ['none', 'last', 'all'])
		t.deepEqual(
			await ticksFired(db, name),
			['00:00:01', '00:00:02', '00:00:03', '00:00:04'].map((time) => at(time)),
			name,
		)
})

const catches: [catch_up: string, back: string, ticks: string[]][] = [
	['none', '12:00:30', []],
	['none', '12:00:09', ['12:00:00']],
	['last', '12:00:30', ['12:00:00']],
	['last', '12:00:09', ['12:00:00']],
	['all', '03:30:00', ['01:00:00', '02:00:00', '03:00:00']],
]
for (const [catch_up, back, ticks] of catches)
	test.serial(`after nobody was there until ${back}, ${catch_up} fires ${ticks.join(', ') || 'nothing'}`, async (t) => {
		const name = `${catch_up}-${back}`
		await setSchedule(db, name, { cron: '0 * * * *', catch_up })
		await goTo(back)
		await fire(db)
		await fire(db)

		t.deepEqual(
			await ticksFired(db, name),
			ticks.map((time) => at(time)),
		)
		t.true((await scheduleOf(db, name)).next_run_at > new Date(at(back)))
		await goTo('13:00:00')
		await fire(db)
		t.is((await ticksFired(db, name)).at(-1), at('13:00:00'))
	})

test.serial('the one job for many missed ticks says since when; the log says which were skipped', async (t) => {
	await setSchedule(db, 'one', { cron: '0 * * * *', catch_up: 'last' })
	await setSchedule(db, 'no', { cron: '0 * * * *', catch_up: 'none' })
	await goTo('12:30:00')
	await fire(db)

	const { metadata } = await db.row(`select metadata from taskq.jobs where created_by = 'schedule:one' order by job_id desc limit 1`)
	t.deepEqual(metadata, { schedule: 'one', scheduled_for: at('12:00:00'), missed_since: at('01:00:00') })
	const [skip] = await auditOf(db, 'no')
	t.deepEqual([new Date(skip!.skipped_from), new Date(skip!.next_run_at)], [new Date(at('01:00:00')), new Date(at('13:00:00'))])
})

test.serial('a day of seconds is caught up with oldest first, 1000 at most, some at a time', async (t) => {
	day++
	await setSchedule(db, 'seconds', { every: '1 second', catch_up: 'all', starts_at: at('00:00:01') })
	await setSchedule(db, 'once', { every: '1 second', starts_at: at('00:00:01') })
	await setSchedule(db, 'beside', { cron: '0 0 * * *' })
	await goTo('00:00:00', 1)
	const counts: number[] = []
	counts.push(await fire(db))
	const first = await ticksFired(db, 'seconds')
	for (let n = 0; n < 12; n++) counts.push(await fire(db))

	const all = await ticksFired(db, 'seconds')
	t.deepEqual(first, all.slice(0, 100))
	t.true(Math.max(...counts) <= 200, counts.join())
	t.deepEqual(
		all.slice(0, 1000),
		Array.from({ length: 1000 }, (_, n) => new Date(Date.parse(at('00:00:01')) + n * 1000).toISOString()),
	)
	t.deepEqual(
		all.slice(1000),
		Array.from({ length: 11 }, (_, n) => new Date(Date.parse(at('23:59:50')) + n * 1000).toISOString()),
	)
	t.deepEqual((await ticksFired(db, 'once')).length, 11)
	t.deepEqual(await ticksFired(db, 'beside'), [at('00:00:00', 1)])
	const [skip] = await auditOf(db, 'seconds')
	t.is(new Date(skip!.skipped_from).toISOString(), at('00:16:41'))
	day++
})

test.serial('a job that is refused is the schedule’s error and harms no other', async (t) => {
	await registerTypes(db, 'changing')
	await setSchedule(db, 'bad', { job: { type: 'changing', payload: { n: 'x' } } })
	await setSchedule(db, 'good')
	await registerTypes(db, { type: 'changing', payload_schema: { type: 'object', properties: { n: { type: 'integer' } } } })
	for (const time of ['00:01:00', '00:02:00']) {
		await goTo(time)
		t.is(await fire(db), 1)
	}

	t.like(await scheduleOf(db, 'bad'), {
		last_error: { code: 'TQ424', field: 'payload.n' },
		last_job_id: null,
		next_run_at: new Date(at('00:03:00')),
	})
	t.deepEqual(await ticksFired(db, 'good'), [at('00:01:00'), at('00:02:00')])
	t.is((await auditOf(db, 'bad')).length, 1, 'the same error is written down once')
	await registerTypes(db, 'changing')
	await goTo('00:03:00')
	t.is(await fire(db), 2)
	t.like(await scheduleOf(db, 'bad'), { last_error: null })
	t.deepEqual(await ticksFired(db, 'bad'), [at('00:03:00')])
})

test.serial('a schedule that cannot be fired at all waits a minute, and harms neither others nor the tick', async (t) => {
	await setSchedule(db, 'broken', { cron: '0 * * * *' })
	await setSchedule(db, 'sound', { cron: '0 * * * *' })
	await db.query(`update taskq_private.schedules set time_zone = 'Atlantis/Capital' where name = 'broken'`)
	await goTo('01:00:00')
	await submit(db, { run_at: at('00:59:00') })
	const { promoted } = await callOne<{ promoted: number }>(db.pool, 'tick')
	const broken = await scheduleOf(db, 'broken')
	await fire(db)
	const again = await scheduleOf(db, 'broken')
	await db.query(`update taskq_private.schedules set time_zone = 'UTC' where name = 'broken'`)
	await goTo('01:00:59')
	const tooEarly = await fire(db)
	await goTo('01:01:00')
	const mended = await fire(db)

	t.is(promoted, 0)
	t.deepEqual(await ticksFired(db, 'sound'), [at('01:00:00')])
	t.like(broken, { next_run_at: new Date(at('01:00:00')), retry_at: new Date(at('01:01:00')), last_error: { code: '22023' } })
	t.deepEqual(again, broken)
	t.is((await auditOf(db, 'broken')).length, 1)
	t.deepEqual([tooEarly, mended], [0, 1])
	t.deepEqual(await ticksFired(db, 'broken'), [at('01:00:00')])
	t.like(await scheduleOf(db, 'broken'), { last_error: null, retry_at: null })
})

test.serial('a clock that jumps back fires no tick again, and one that jumps on misses none', async (t) => {
	await setSchedule(db, 'jumps', { cron: '0 * * * *', catch_up: 'all' })
	await goTo('03:00:00')
	await fire(db)
	await goTo('01:30:00')
	t.is(await fire(db), 0)
	await db.query(`select taskq.pause_schedule('jumps'), taskq.resume_schedule('jumps')`)
	await setSchedule(db, 'jumps', { cron: '*/30 * * * *', catch_up: 'all' })
	await goTo('03:00:00')
	t.is(await fire(db), 0)
	await goTo('05:00:00')
	await fire(db)

	t.deepEqual(
		await ticksFired(db, 'jumps'),
		['01:00:00', '02:00:00', '03:00:00', '03:30:00', '04:00:00', '04:30:00', '05:00:00'].map((time) => at(time)),
	)
})

test.serial('it ends when it is to', async (t) => {
	await setSchedule(db, 'ends', { cron: '0 * * * *', ends_at: at('02:00:00') })
	for (const time of ['01:00:00', '02:00:00', '03:00:00']) {
		await goTo(time)
		await fire(db)
	}

	t.deepEqual(await ticksFired(db, 'ends'), [at('01:00:00'), at('02:00:00')])
	t.like(await scheduleOf(db, 'ends'), { next_run_at: null, last_run_at: new Date(at('02:00:00')) })
})

test.serial('clocks that are changed: 2:30 once, every half hour always', async (t) => {
	await stopClockAt(db, '2031-10-25T12:00:00Z')
	await setSchedule(db, 'fixed', { cron: '30 2 * * *', time_zone: 'Europe/Berlin' })
	await setSchedule(db, 'hourly', { cron: '30 * * * *', time_zone: 'Europe/Berlin', starts_at: '2031-10-25T23:45:00Z' })
	for (let minutes = 0; minutes < 24 * 60; minutes += 15) {
		await stopClockAt(db, new Date(Date.UTC(2031, 9, 25, 12, minutes)).toISOString())
		await fire(db)
	}

	t.deepEqual(await ticksFired(db, 'fixed'), ['2031-10-26T00:30:00.000Z'])
	t.deepEqual((await ticksFired(db, 'hourly')).slice(0, 3), [
		'2031-10-26T00:30:00.000Z',
		'2031-10-26T01:30:00.000Z',
		'2031-10-26T02:30:00.000Z',
	])
})

test.serial('a key keeps one run from beginning beside the one before', async (t) => {
	await stopClockAt(db, '2031-11-01T00:00:00Z')
	await setSchedule(db, 'keyed', { job: { type: 'echo', concurrency_key: 'one-at-a-time' } })
	for (const time of ['00:01:00', '00:02:00']) {
		await stopClockAt(db, `2031-11-01T${time}Z`)
		await fire(db)
	}

	const jobs = await db.rows(`select status from taskq.jobs where created_by = 'schedule:keyed' order by job_id desc limit 2`)
	t.deepEqual(
		jobs.map(({ status }) => status),
		['blocked', 'ready'],
	)
})
