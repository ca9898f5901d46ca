/** What schedules are, as requests say it and as answers tell it. */
import { z } from 'zod'
import { duration, durationOf, type Interval } from './durations.ts'
import { textParam } from './params.ts'
import { text as textParameter, whole } from './query.ts'
import { instant, isoInstant, type Row, shape } from './shapes.ts'

export const scheduleName = textParam('name', 'The name of a schedule.')

export const listQuery = z.strictObject({ after: textParameter.optional(), limit: whole(1, 1000).default(200) })
export const runsQuery = z.strictObject({ count: whole(1, 1000).default(5) })

const text = z.string().nullish()
const givenInstant = z.iso.datetime({ offset: true, error: 'must be an ISO 8601 instant such as 2030-01-15T10:00:00Z' }).nullish()
const timing = {
	cron: text.describe('Five fields, or `@hourly` `@daily` `@weekly` `@monthly` `@yearly`; or else `every`.'),
	every: duration.nullish(),
	time_zone: text.describe('Whose clocks `cron` is about; `UTC` if absent.'),
}
export const scheduleRequest = z.strictObject({
	...timing,
	job: z
		.record(z.string(), z.unknown(), 'must be an object: a job as POST /jobs takes it')
		.describe('What each tick submits, as POST /jobs takes it.'),
	catch_up: text.describe('What becomes of ticks that nobody was there for: `none`, `last` (one job for all of them) or `all`.'),
	starts_at: givenInstant,
	ends_at: givenInstant,
})
export const previewRequest = z.strictObject({
	...timing,
	count: z.int('must be a whole number from 1 to 1000').nullish(),
	after: givenInstant,
})

export const shown = z
	.strictObject({
		name: z.string(),
		cron: z.string().nullable(),
		every: z.string().nullable().describe('ISO 8601, such as PT5M.'),
		time_zone: z.string(),
		job: z.record(z.string(), z.unknown()),
		catch_up: z.enum(['none', 'last', 'all']),
		starts_at: instant.nullable(),
		ends_at: instant.nullable(),
		paused_at: instant.nullable(),
		paused_by: z.string().nullable(),
		next_run_at: instant.nullable().describe('Null while it is paused, and when it has ended.'),
		last_run_at: instant.nullable(),
		last_job_id: z.guid().nullable(),
		last_error: z.unknown().describe('What the last tick was refused with; null where it made a job.'),
		created_at: instant,
		created_by: z.string(),
		next_runs: z.array(instant).optional().describe('Of one schedule: when it runs next.'),
	})
	.meta({ id: 'Schedule' })
export const shownRuns = z.strictObject({ next_runs: z.array(instant) })

export interface ScheduleRow extends Row {
	name: string
	every: Interval | null
	next_runs?: Date[]
}

export function shapeSchedule({ every, next_runs, ...row }: ScheduleRow): Row {
	const shaped = { ...shape(row), every: every ? durationOf(every) : null }
	return next_runs ? { ...shaped, next_runs: next_runs.map(isoInstant) } : shaped
}
