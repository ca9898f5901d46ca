import test from 'ava'
import { call } from '../../db/calls.ts'
import { registerTypes, useDb } from '../support/db.ts'
import { fire, scheduleOf, setSchedule, stopClockAt, ticksFired } from '../support/schedules.ts'
import { openSession, openSessions } from '../support/sessions.ts'

const db = useDb(test)

/** A day of its own for each test, so that the clock only goes on. */
let day = 0
const at = (time: string) => new Date(Date.parse(`2031-01-01T${time}Z`) + day * 86_400_000).toISOString()
const goTo = (time: string) => stopClockAt(db, at(time))

test.beforeEach(async () => {
	day++
	await goTo('00:00:00')
	await db.query('delete from taskq_private.schedules')
	await registerTypes(db, 'echo', 'other')
})

const SCHEDULES = 60
const SECONDS = 40

test.serial('ten schedulers at once: each tick of each schedule has exactly one job', async (t) => {
	for (let n = 0; n < SCHEDULES; n++)
		await setSchedule(db, `many-${n}`, {
			every: `${1 + (n % 3)} seconds`,
			catch_up: 'all',
			starts_at: at('00:00:01'),
			job: { type: n % 2 ? 'echo' : 'other' },
		})
	const sessions = await openSessions(db, 10)
	let isOver = false
	let fired = 0

	async function schedule(n: number) {
		const session = sessions[n]!
		while (!isOver) {
			if (n % 2) await session.call('tick', [])
			else fired += (await session.query('select taskq_private.fire_schedules($1) as fired', [1 + n * 20])).rows[0].fired
		}
	}
	const schedulers = sessions.map((_, n) => schedule(n))
	for (let second = 1; second <= SECONDS; second++) {
		await goTo(`00:00:${String(second).padStart(2, '0')}`)
		await new Promise((done) => setTimeout(done, 30))
	}
	while ((await db.row('select count(*)::integer as due from taskq.schedules where next_run_at <= taskq_private.clock()')).due > 0);
	isOver = true
	await Promise.all(schedulers)

	for (let n = 0; n < SCHEDULES; n++) {
		const step = 1 + (n % 3)
		const expected = Array.from({ length: Math.floor((SECONDS - 1) / step) + 1 }, (_, k) =>
			at(`00:00:${String(1 + k * step).padStart(2, '0')}`),
		)
		t.deepEqual(await ticksFired(db, `many-${n}`), expected, `many-${n}`)
	}
	t.true(fired > 0)
})

test.serial('a scheduler that is ended in the middle leaves its ticks to the others: none is lost, none comes twice', async (t) => {
	for (let n = 0; n < 10; n++) await setSchedule(db, `left-${n}`)
	const dying = await openSession(db)
	await goTo('00:01:00')

	await dying.query('begin')
	const { rows } = await dying.query('select taskq_private.fire_schedules() as fired')
	const beside = await fire(db)
	await db.query('select pg_terminate_backend($1)', [dying.pid])
	while ((await db.rows('select from pg_stat_activity where pid = $1', [dying.pid])).length > 0);
	const after = await fire(db)

	t.deepEqual([rows[0].fired, beside, after, await fire(db)], [10, 0, 10, 0])
	for (let n = 0; n < 10; n++) t.deepEqual(await ticksFired(db, `left-${n}`), [at('00:01:00')])
})

test.serial('a schedule that an operator has in hand keeps neither the others nor the tick waiting', async (t) => {
	await setSchedule(db, 'held')
	await setSchedule(db, 'free')
	const operator = await openSession(db)
	await goTo('00:01:00')

	await operator.query('begin')
	await operator.query(`select taskq.set_schedule('held', '{"type": "echo", "priority": 1}', cron => '* * * * *')`)
	const [tick] = await call(db.pool, 'tick')
	await operator.query('commit')
	const after = await fire(db)

	t.true(tick!.ran)
	t.deepEqual(await ticksFired(db, 'free'), [at('00:01:00')])
	t.is(after, 1)
	t.deepEqual(await ticksFired(db, 'held'), [at('00:01:00')])
})

test.serial('what is changed while it fires waits, and goes on from the tick that was fired', async (t) => {
	await setSchedule(db, 'changed')
	const [scheduler, operator] = await openSessions(db, 2)
	await goTo('00:01:00')

	await scheduler!.query('begin')
	await scheduler!.query('select taskq_private.fire_schedules()')
	const change = await operator!.waitingQuery(`select taskq.set_schedule('changed', '{"type": "other"}', cron => '* * * * *')`)
	await scheduler!.query('commit')
	await change.done

	t.is(await fire(db), 0)
	t.deepEqual(await ticksFired(db, 'changed'), [at('00:01:00')])
	t.like(await scheduleOf(db, 'changed'), { job: { type: 'other' }, next_run_at: new Date(at('00:02:00')) })
})

test.serial('one schedule is made by two at once: the second changes what the first has made', async (t) => {
	const [a, b] = await openSessions(db, 2)
	const set = `select taskq.set_schedule('twice', $1, cron => '* * * * *')`

	await a!.query('begin')
	await a!.query(set, ['{"type": "echo"}'])
	const second = await b!.waitingQuery(set, ['{"type": "other"}'])
	await a!.query('commit')
	await second.done

	t.like(await scheduleOf(db, 'twice'), { job: { type: 'other' } })
})

test.serial('one is deleted while it is fired: its job is there, and then it is gone', async (t) => {
	await setSchedule(db, 'deleted')
	const [scheduler, operator] = await openSessions(db, 2)
	await goTo('00:01:00')

	await scheduler!.query('begin')
	await scheduler!.query('select taskq_private.fire_schedules()')
	const deletion = await operator!.waitingQuery(`select taskq.delete_schedule('deleted')`)
	await scheduler!.query('commit')
	await deletion.done

	t.deepEqual(await ticksFired(db, 'deleted'), [at('00:01:00')])
	t.is(await scheduleOf(db, 'deleted'), undefined as never)
})
