import test from 'ava'
import { registerTypes, useDb } from '../../support/db.ts'
import { fire, type ScheduleOptions, scheduleOf, setSchedule, stopClockAt, ticksFired } from '../../support/schedules.ts'
import { errorOf, sqlState } from '../../support/stage.ts'

const db = useDb(test)

/** A day of its own for each test, so that the clock only goes on. */
let day = 0
const at = (time: string) => new Date(Date.parse(`2031-01-01T${time}Z`) + day * 86_400_000).toISOString()
const goTo = (time: string) => stopClockAt(db, at(time))

test.beforeEach(async () => {
	day++
	await goTo('00:00:00')
	await db.query('delete from taskq_private.schedules')
	await registerTypes(db, 'echo', {
		type: 'strict',
		payload_schema: { type: 'object', required: ['to'], properties: { to: { type: 'string' } } },
	})
})

const call = (name: string, schedule: string) => db.row(`select taskq.${name}($1) as answer`, [schedule])

test.serial('a schedule is made, is in the view, and says when it runs', async (t) => {
	const next = await setSchedule(db, 'made', {
		cron: ' 30 2  * * MON-FRI ',
		time_zone: 'Europe/Berlin',
		job: { type: 'echo', queue: null, priority: 'low' },
	})

	t.is(next.toISOString(), at('01:30:00'))
	t.like(await scheduleOf(db, 'made'), {
		...{ cron: '30 2  * * MON-FRI', every: null, time_zone: 'Europe/Berlin', catch_up: 'last', job: { type: 'echo', priority: 'low' } },
		...{ starts_at: null, ends_at: null, paused_at: null, last_run_at: null, last_job_id: null, last_error: null, created_by: 'postgres' },
	})
	const runs = await db.rows(`select taskq.next_runs('made', 3) as at`)
	t.deepEqual(
		runs.map(({ at }) => at.toISOString().slice(11)),
		Array(3).fill('01:30:00.000Z'),
	)
	t.like(await db.row(`select action, details ->> 'cron' as cron from taskq_private.audit_log where target = 'made'`), {
		action: 'set_schedule',
		cron: '30 2  * * MON-FRI',
	})
})

const bad: [what: string, options: ScheduleOptions, code: string, field: string, text: RegExp][] = [
	['neither cron nor every', { cron: null }, 'TQ422', 'cron', /either cron or every/],
	['both', { cron: '* * * * *', every: '1 minute' }, 'TQ422', 'cron', /either cron or every/],
	['a bad cron', { cron: '* 25 * * *' }, 'TQ422', 'cron', /hour/],
	['30 February', { cron: '0 0 30 2 *' }, 'TQ422', 'cron', /never comes/],
	['no time', { every: '0' }, 'TQ422', 'every', /1 second/],
	['less than a second', { every: '0.9 seconds' }, 'TQ422', 'every', /1 second/],
	['back in time', { every: '-1 hour' }, 'TQ422', 'every', /1 second/],
	['months', { every: '1 month' }, 'TQ422', 'every', /1 second/],
	['a month less its days', { every: '1 month -29 days' }, 'TQ422', 'every', /1 second/],
	['parts of a millisecond', { every: '1.0001 seconds' }, 'TQ422', 'every', /milliseconds/],
	['too long', { every: '4000 days' }, 'TQ422', 'every', /3650 days/],
	['an unknown zone', { time_zone: 'Europe/Atlantis' }, 'TQ422', 'time_zone', /Europe\/Atlantis/],
	['an offset', { time_zone: 'CET-1' }, 'TQ422', 'time_zone', /CET-1/],
	['an abbreviation', { time_zone: 'PST' }, 'TQ422', 'time_zone', /PST/],
	['no zone', { time_zone: '' }, 'TQ422', 'time_zone', /no time zone/],
	['an unknown policy', { catch_up: 'some' }, 'TQ422', 'catch_up', /some/],
	['an end before its first tick', { ends_at: '2031-01-01T00:00:30Z' }, 'TQ422', 'ends_at', /never run/],
	['an end before its start', { starts_at: '2041-01-02Z', ends_at: '2041-01-01Z' }, 'TQ422', 'ends_at', /never run/],
	['no end of time', { ends_at: 'infinity' }, 'TQ422', 'ends_at', /year 10000/],
	['no start of time', { starts_at: '-infinity' }, 'TQ422', 'starts_at', /year 10000/],
	['no job', { job: null }, 'TQ422', 'job', /object/],
	['a list of jobs', { job: [] as never }, 'TQ422', 'job', /object/],
	['no type', { job: {} }, 'TQ422', 'job.type', /type/],
	['an unknown type', { job: { type: 'nothing' } }, 'TQ421', 'job.type', /nothing/],
	['an unknown field', { job: { type: 'echo', colour: 1 } }, 'TQ422', 'job.colour', /colour/],
	['a bad queue', { job: { type: 'echo', queue: 'a b' } }, 'TQ422', 'job.queue', /queue/],
	['a bad priority', { job: { type: 'echo', priority: 11 } }, 'TQ422', 'job.priority', /priority/],
	['a payload that does not fit', { job: { type: 'strict', payload: { to: 1 } } }, 'TQ424', 'job.payload.to', /to/],
	['metadata that is none', { job: { type: 'echo', metadata: 'x' } }, 'TQ422', 'job.metadata', /metadata/],
	['a key', { job: { type: 'echo', idempotency_key: 'x' } }, 'TQ422', 'job.idempotency_key', /has no idempotency_key/],
	['dependencies', { job: { type: 'echo', depends_on: [] } }, 'TQ422', 'job.depends_on', /has no depends_on/],
	['a time', { job: { type: 'echo', run_at: '2030-01-01T00:00:00Z' } }, 'TQ422', 'job.run_at', /has no run_at/],
	['a creator', { job: { type: 'echo', created_by: 'me' } }, 'TQ422', 'job.created_by', /has no created_by/],
]

for (const [what, options, code, column, text] of bad)
	test.serial(`refused: ${what}`, async (t) => {
		const error = await errorOf(setSchedule(db, 'bad', options))

		t.like(error, { code, column })
		t.regex(error.message!, text)
		t.truthy(error.hint)
		t.is((await db.rows('select from taskq.schedules')).length, 0)
	})

test.serial('a name that cannot be is refused', async (t) => {
	for (const name of ['', 'a b', 'ü', 'x'.repeat(101), null])
		t.like(await errorOf(setSchedule(db, name)), { code: 'TQ422', column: 'name' }, `${name}`)
})

test.serial('zones of every kind of name', async (t) => {
	for (const time_zone of ['UTC', 'America/Argentina/Buenos_Aires', 'America/Port-au-Prince', 'Etc/GMT+5', 'EST5EDT'])
		await t.notThrowsAsync(setSchedule(db, 'zones', { time_zone }), time_zone)
})

for (const [name, timing, same] of [
	['kept-every', { every: '1 hour' }, { every: '60 minutes' }],
	['kept-cron', { cron: '0 * * * *' }, { cron: ' 0 0-23 * * * ' }],
] as const)
	test.serial(`${name}: set again as it was, it keeps its place: a tick that is due is not lost, and none comes twice`, async (t) => {
		await setSchedule(db, name, timing)
		await goTo('00:40:00')
		t.is((await setSchedule(db, name, { ...timing, job: { type: 'echo', priority: 1 } })).toISOString(), at('01:00:00'))
		await goTo('01:00:01')
		t.is((await setSchedule(db, name, timing)).toISOString(), at('01:00:00'))
		await fire(db)
		await setSchedule(db, name, same)
		await fire(db)

		t.deepEqual(await ticksFired(db, name), [at('01:00:00')])
		t.like(await scheduleOf(db, name), { job: { type: 'echo' }, next_run_at: new Date(at('02:00:00')) })
	})

test.serial('with another timing it goes on after now, and past ticks are not made up for', async (t) => {
	await setSchedule(db, 'moved', { cron: '0 * * * *', catch_up: 'all' })
	await goTo('03:30:00')
	const next = await setSchedule(db, 'moved', { cron: '*/20 * * * *', catch_up: 'all' })
	await fire(db)

	t.is(next.toISOString(), at('03:40:00'))
	t.deepEqual(await ticksFired(db, 'moved'), [])
})

test.serial('a paused one fires nothing, stays paused when it is set again, and goes on after now', async (t) => {
	await setSchedule(db, 'paused', { cron: '0 * * * *', catch_up: 'all' })
	await call('pause_schedule', 'paused')
	const paused = await scheduleOf(db, 'paused')
	await call('pause_schedule', 'paused')
	await goTo('02:30:00')
	const again = await setSchedule(db, 'paused', { cron: '30 * * * *', catch_up: 'all' })
	const fired = await fire(db)
	const preview = await db.rows(`select taskq.next_runs('paused', 1) as at`)
	const { answer } = await call('resume_schedule', 'paused')

	t.like(paused, { next_run_at: null, paused_at: new Date(at('00:00:00')), paused_by: 'postgres' })
	t.deepEqual([again, fired], [null as never, 0])
	t.is(preview[0]!.at.toISOString(), at('03:30:00'))
	t.is(answer.toISOString(), at('03:30:00'))
	t.is((await call('resume_schedule', 'paused')).answer.toISOString(), at('03:30:00'))
	await goTo('03:30:00')
	await fire(db)
	t.deepEqual(await ticksFired(db, 'paused'), [at('03:30:00')])
})

test.serial('it is run now beside its ticks, paused or not', async (t) => {
	await setSchedule(db, 'now', { cron: '0 * * * *', job: { type: 'strict', payload: { to: 'x' }, metadata: { a: 1 } } })
	await call('pause_schedule', 'now')
	const { answer } = await call('run_schedule', 'now')

	const job = await db.row('select * from taskq.jobs where job_id = $1', [answer])
	t.like(job, { type: 'strict', status: 'ready', created_by: 'postgres', metadata: { a: 1, schedule: 'now' } })
	t.like(await scheduleOf(db, 'now'), { last_run_at: null, last_job_id: null })
	await registerTypes(db, { type: 'strict', payload_schema: { type: 'object', required: ['from'] } })
	t.like(await errorOf(call('run_schedule', 'now')), { code: 'TQ424', column: 'job.payload.from' })
})

test.serial('a deleted one fires nothing, its jobs stay, and its name is free again', async (t) => {
	await setSchedule(db, 'gone')
	await goTo('00:01:00')
	await fire(db)
	await call('delete_schedule', 'gone')
	await goTo('00:02:00')
	await fire(db)
	await setSchedule(db, 'gone')
	await fire(db)

	t.deepEqual(await ticksFired(db, 'gone'), [at('00:01:00')])
	t.deepEqual(
		(await db.rows(`select action from taskq_private.audit_log where target = 'gone' order by audit_id`)).map(({ action }) => action),
		[...['set_schedule', 'delete_schedule', 'set_schedule']],
	)
})

test.serial('what is not there is answered TQ404', async (t) => {
	for (const name of ['delete_schedule', 'pause_schedule', 'resume_schedule', 'run_schedule', 'next_runs'])
		t.like(await errorOf(call(name, 'nothing')), { code: 'TQ404', hint: 'select name from taskq.schedules lists them.' }, name)
})

test.serial('runs are previewed, and no more than a thousand', async (t) => {
	const preview = async (sql: string) => (await db.rows(`select taskq.preview_schedule(${sql}) as at`)).map(({ at }) => at.toISOString())

	t.deepEqual(await preview(`every => '90 minutes', after => '2026-01-01T00:00:00Z', count => 2`), [
		'2026-01-01T01:30:00.000Z',
		'2026-01-01T03:00:00.000Z',
	])
	t.deepEqual(await preview(`'@daily', time_zone => 'Asia/Kathmandu', after => '2026-01-01T00:00:00Z', count => 1`), [
		'2026-01-01T18:15:00.000Z',
	])
	t.is((await preview(`'* * * * *'`)).length, 5)
	t.is((await preview(`'* * * * *', count => 1000`)).length, 1000)
	for (const sql of [
		`'* * * * *', count => 0`,
		`'* * * * *', count => 1001`,
		`'* * * * *', count => null`,
		`'* * * * *', after => 'infinity'`,
		`'x'`,
	])
		t.is(await sqlState(preview(sql)), 'TQ422', sql)
})
