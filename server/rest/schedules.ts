/** `/schedules`: jobs that are submitted again and again, and when. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { Problem } from '../problem.ts'
import { resolveJobAliases } from './aliases.ts'
import { check } from './check.ts'
import { isoInstant } from './job.ts'
import { checkText, readJson } from './json.ts'
import { checkQuery, readQuery, text as textParameter, whole } from './query.ts'
import { type Row, shape } from './queues.ts'
import type { Given, Handler, Routes } from './routes.ts'

const listQuery = z.strictObject({ after: textParameter.optional(), limit: whole(1, 1000).default(200) })
const runsQuery = z.strictObject({ count: whole(1, 1000).default(5) })

const text = z.string().nullish()
const instant = z.iso.datetime({ offset: true, error: 'must be an ISO 8601 instant such as 2030-01-15T10:00:00Z' }).nullish()
/** ISO 8601 or words, as PostgreSQL reads both; with fewer digits than it can hold. */
const DURATION =
	/^(?:P(?=\d|T\d)(?:\d{1,8}W)?(?:\d{1,8}D)?(?:T(?:\d{1,8}H)?(?:\d{1,8}M)?(?:\d{1,8}(?:\.\d{1,6})?S)?)?|\d{1,8}(?:\.\d{1,6})? ?(?:seconds?|minutes?|hours?|days?|weeks?))$/
const MAX_SECONDS = 315_360_000
const duration = z.union(
	[z.number().min(0).max(MAX_SECONDS), z.string().max(60).regex(DURATION)],
	'must be seconds, or a duration such as "PT5M" or "5 minutes", of at most 3650 days',
)
const timing = { cron: text, every: duration.nullish(), time_zone: text }

const scheduleRequest = z.strictObject({
	...timing,
	job: z.record(z.string(), z.unknown(), 'must be an object: a job as POST /jobs takes it'),
	catch_up: text,
	starts_at: instant,
	ends_at: instant,
})
const previewRequest = z.strictObject({ ...timing, count: z.int('must be a whole number from 1 to 1000').nullish(), after: instant })

export const scheduleRoutes: Routes = {
	'/schedules': { get: (given) => list(given) },
	'/schedules/:name': { get: (given) => get(given), put: (given) => put(given), delete: (given) => remove(given) },
	'/schedules/:name/pause': { put: (given) => pause(given), delete: (given) => resume(given) },
	'/schedules/:name/runs': { get: (given) => nextRuns(given), post: (given) => run(given) },
	'/schedule-previews': { post: (given) => preview(given) },
}

const intervalOf = (every: number | string | null | undefined) =>
	typeof every === 'number' ? `${every.toFixed(6)} seconds` : (every ?? null)

interface ScheduleRow extends Row {
	name: string
	every: Interval | null
	next_runs?: Date[]
}

/** As node-postgres reads an interval; one of a schedule has no days. */
interface Interval {
	hours?: number
	minutes?: number
	seconds?: number
	milliseconds?: number
}

/** ISO 8601, as PUT takes it. */
function durationOf({ hours = 0, minutes = 0, seconds = 0, milliseconds = 0 }: Interval): string {
	const parts = Object.entries({ H: hours, M: minutes, S: seconds + milliseconds / 1000 })
	return `PT${parts.flatMap(([unit, amount]) => (amount ? [amount + unit] : [])).join('')}`
}

function shapeSchedule({ every, next_runs, ...row }: ScheduleRow): Row {
	const shaped = { ...shape(row), every: every ? durationOf(every) : null }
	return next_runs ? { ...shaped, next_runs: next_runs.map(isoInstant) } : shaped
}

function nameOf(params: Record<string, string>): string {
	checkText(params.name!, 'name')
	return params.name!
}

const list: Handler = async ({ req, db }) => {
	const { after, limit } = checkQuery(listQuery, readQuery(req))
	const rows = await call<ScheduleRow>(db, 'schedules', [after ?? '', limit + 1])
	const page = rows.slice(0, limit)
	return { schedules: page.map(shapeSchedule), next_after: rows.length > limit ? page.at(-1)!.name : null }
}

async function read(db: Given['db'], name: string): Promise<Row> {
	const [row] = await call<ScheduleRow>(db, 'schedule', [name])
	if (!row)
		throw new Problem(doorKinds.not_found, `no schedule ${JSON.stringify(name.slice(0, 100))}`, { hint: 'GET /schedules lists them.' })
	return shapeSchedule(row)
}

const get: Handler = async ({ db, params }) => read(db, nameOf(params))

const put: Handler = async ({ req, db, params }) => {
	const name = nameOf(params)
	const given = check(scheduleRequest, readJson(req), 'a schedule')
	const { cron, time_zone, catch_up, starts_at, ends_at } = given
	await call(db, 'setSchedule', [
		...[name, JSON.stringify(resolveJobAliases(given.job)), cron ?? null, intervalOf(given.every)],
		...[time_zone ?? null, catch_up ?? null, starts_at ?? null, ends_at ?? null],
	])
	return read(db, name)
}

const remove: Handler = async ({ db, params }) => {
	await call(db, 'deleteSchedule', [nameOf(params)])
	return undefined
}

const pause: Handler = async ({ db, params }) => {
	const name = nameOf(params)
	await call(db, 'pauseSchedule', [name])
	return read(db, name)
}

const resume: Handler = async ({ db, params }) => {
	const name = nameOf(params)
	await call(db, 'resumeSchedule', [name])
	return read(db, name)
}

const run: Handler = async ({ res, db, params }) => {
	const { job_id } = await callOne<{ job_id: string }>(db, 'runSchedule', [nameOf(params)])
	res.status(201).location(`/jobs/${job_id}`)
	return { id: job_id }
}

const runsOf = (rows: { run_at: Date }[]) => ({ next_runs: rows.map(({ run_at }) => isoInstant(run_at)) })

const nextRuns: Handler = async ({ req, db, params }) => {
	const { count } = checkQuery(runsQuery, readQuery(req))
	return runsOf(await call(db, 'nextRuns', [nameOf(params), count]))
}

const preview: Handler = async ({ req, db }) => {
	const { cron, every, time_zone, count, after } = check(previewRequest, readJson(req), 'a preview of a schedule')
	return runsOf(await call(db, 'previewSchedule', [cron ?? null, intervalOf(every), time_zone ?? null, count ?? 5, after ?? null]))
}
