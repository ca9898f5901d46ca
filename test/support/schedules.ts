import type { Db } from './db.ts'

export interface ScheduleOptions {
	job?: Record<string, unknown> | null
	cron?: string | null
	every?: string | null
	time_zone?: string | null
	catch_up?: string | null
	starts_at?: string | null
	ends_at?: string | null
}

/** Makes or changes a schedule of `echo` jobs; every minute unless it says otherwise. */
export async function setSchedule(db: Db, name: string | null, options: ScheduleOptions = {}): Promise<Date> {
	const { job = { type: 'echo' }, cron = options.every === undefined ? '* * * * *' : null, every = null } = options
	const { time_zone = 'UTC', catch_up = 'last', starts_at = null, ends_at = null } = options
	const sql =
		'select taskq.set_schedule($1, $2, cron => $3, every => $4, time_zone => $5, catch_up => $6, starts_at => $7, ends_at => $8) as next_run_at'
	return (await db.row(sql, [name, job && JSON.stringify(job), cron, every, time_zone, catch_up, starts_at, ends_at])).next_run_at
}

/** Stops the clock at an instant. */
export async function stopClockAt(db: Db, at: string): Promise<void> {
	await db.stopClock()
	await db.query(`update public.clock_offset set at = $1, by = interval '0'`, [at])
}

export const fire = async (db: Db): Promise<number> => (await db.row('select taskq_private.fire_schedules() as fired')).fired

/** The ticks for which there are jobs, in their order. */
export async function ticksFired(db: Db, name: string): Promise<string[]> {
	const sql = `select metadata ->> 'scheduled_for' as tick from taskq.jobs
		where created_by = 'schedule:' || $1 and metadata ? 'scheduled_for' order by 1`
	return (await db.rows(sql, [name])).map(({ tick }) => tick)
}

export const scheduleOf = (db: Db, name: string): Promise<Record<string, any>> =>
	db.row('select s.*, o.retry_at from taskq.schedules as s join taskq_private.schedules as o using (name) where name = $1', [name])

/** What the audit log says about a schedule beside what operators did. */
export const auditOf = async (db: Db, name: string): Promise<Record<string, any>[]> =>
	(
		await db.rows(`select details from taskq_private.audit_log where target = $1 and action = 'fire_schedule' order by audit_id`, [name])
	).map(({ details }) => details)
