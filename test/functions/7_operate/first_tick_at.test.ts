import test from 'ava'
import { registerTypes, useDb } from '../../support/db.ts'
import { setSchedule } from '../../support/schedules.ts'
import { openSession, type Session } from '../../support/sessions.ts'

const db = useDb(test)

/** When the first tick is, and how many blocks of the table it took to find that. */
async function look(session: Session): Promise<{ at: Date; blocks: number }> {
	const sql = `select pg_stat_get_xact_blocks_fetched('taskq_private.schedules'::regclass)::integer as blocks`
	await session.query('begin')
	const before = (await session.query(sql)).rows[0].blocks
	const { at } = (await session.query('select taskq_private.first_tick_at() as at')).rows[0]
	const blocks = (await session.query(sql)).rows[0].blocks - before
	await session.query('commit')
	return { at, blocks }
}

test('while an old snapshot is held, a look does not walk over all ticks that were fired, and sees what is due', async (t) => {
	await registerTypes(db, 'echo')
	for (let n = 0; n < 20; n++) await setSchedule(db, `s-${n}`, { every: '1 hour' })
	const [holder, session, newcomer] = [await openSession(db), await openSession(db), await openSession(db)]
	await holder.query('begin isolation level repeatable read')
	await holder.query('select count(*) from taskq.schedules')
	await db.query(
		`do $$ begin for n in 1 .. 400 loop update taskq_private.schedules set next_run_at = timestamptz '2020-01-01Z' + n * interval '1 second'; commit; end loop; end $$`,
	)
	await db.query(`update taskq_private.schedules set next_run_at = anchor_at + interval '1 hour'`)

	const first = await look(session)
	await session.query(
		`select set_config('taskq.tick_floor', (current_setting('taskq.tick_floor')::jsonb || '{"full_at": 4e9}')::text, false)`,
	)
	const second = await look(session)
	await setSchedule(db, 'soon', { every: '1 second' })
	const third = await look(session)
	while ((await db.row(`select next_run_at > clock_timestamp() as waits from taskq.schedules where name = 'soon'`)).waits);
	const fired = (await session.query('select taskq_private.fire_schedules() as fired')).rows[0].fired
	const other = await look(newcomer)
	await session.query(`select set_config('taskq.tick_floor', (current_setting('taskq.tick_floor')::jsonb || '{"at": 4e9}')::text, false)`)
	const putBack = await look(session)
	await holder.query('rollback')

	t.true(first.blocks > 100, `${first.blocks}`)
	t.true(second.blocks <= 20, `${second.blocks}`)
	t.deepEqual(second.at, first.at)
	t.true(third.at < first.at)
	t.true(fired >= 1)
	t.true(other.blocks > 100, `${other.blocks}`)
	t.true(putBack.at instanceof Date && putBack.at < first.at, 'a floor that is ahead of the clock is none')
})
