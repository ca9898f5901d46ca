/** `/schedules`: jobs that are submitted again and again, and when. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { Problem } from '../problem.ts'
import { resolveJobAliases } from './aliases.ts'
import { duration, durationOf, type Interval, intervalOf } from './durations.ts'
import { linkNext } from './headers.ts'
import { type Given, type Handler, json, nothing, operation, type Routes } from './operation.ts'
import { textParam } from './params.ts'
import { text as textParameter, whole } from './query.ts'
import { instant, isoInstant, type Row, shape } from './shapes.ts'

const listQuery = z.strictObject({ after: textParameter.optional(), limit: whole(1, 1000).default(200) })
const runsQuery = z.strictObject({ count: whole(1, 1000).default(5) })

const text = z.string().nullish()
const givenInstant = z.iso.datetime({ offset: true, error: 'must be an ISO 8601 instant such as 2030-01-15T10:00:00Z' }).nullish()
const timing = {
	cron: text.describe('Five fields, or `@hourly` `@daily` `@weekly` `@monthly` `@yearly`; or else `every`.'),
	every: duration.nullish(),
	time_zone: text.describe('Whose clocks `cron` is about; `UTC` if absent.'),
}
const scheduleRequest = z.strictObject({
	...timing,
	job: z
		.record(z.string(), z.unknown(), 'must be an object: a job as POST /jobs takes it')
		.describe('What each tick submits, as POST /jobs takes it.'),
	catch_up: text.describe('What becomes of ticks that nobody was there for: `none`, `last` (one job for all of them) or `all`.'),
	starts_at: givenInstant,
	ends_at: givenInstant,
})
const previewRequest = z.strictObject({ ...timing, count: z.int('must be a whole number from 1 to 1000').nullish(), after: givenInstant })

const shown = z
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
const shownRuns = z.strictObject({ next_runs: z.array(instant) })

interface ScheduleRow extends Row {
	name: string
	every: Interval | null
	next_runs?: Date[]
}

function shapeSchedule({ every, next_runs, ...row }: ScheduleRow): Row {
	const shaped = { ...shape(row), every: every ? durationOf(every) : null }
	return next_runs ? { ...shaped, next_runs: next_runs.map(isoInstant) } : shaped
}

const name = textParam('name', 'The name of a schedule.')

async function read(db: Given['db'], name: string): Promise<Row> {
	const [row] = await call<ScheduleRow>(db, 'schedule', [name])
	if (!row)
		throw new Problem(doorKinds.not_found, `no schedule ${JSON.stringify(name.slice(0, 100))}`, { hint: 'GET /schedules lists them.' })
	return shapeSchedule(row)
}

const list: Handler<z.output<typeof listQuery>> = async ({ req, res, db, query: { after, limit } }) => {
	const rows = await call<ScheduleRow>(db, 'schedules', [after ?? '', limit + 1])
	const page = rows.slice(0, limit)
	const next = rows.length > limit ? page.at(-1)!.name : null
	return { schedules: page.map(shapeSchedule), next_after: linkNext({ req, res }, 'after', next) }
}

const put: Handler<unknown, z.output<typeof scheduleRequest>> = async ({ db, params, body }) => {
	const { job, cron, every, time_zone, catch_up, starts_at, ends_at } = body
	await call(db, 'setSchedule', [
		...[params.name!, JSON.stringify(resolveJobAliases(job)), cron ?? null, intervalOf(every)],
		...[time_zone ?? null, catch_up ?? null, starts_at ?? null, ends_at ?? null],
	])
	return read(db, params.name!)
}

const runsOf = (rows: { run_at: Date }[]) => ({ next_runs: rows.map(({ run_at }) => isoInstant(run_at)) })

const preview: Handler<unknown, z.output<typeof previewRequest>> = async ({ db, body: { cron, every, time_zone, count, after } }) =>
	runsOf(await call(db, 'previewSchedule', [cron ?? null, intervalOf(every), time_zone ?? null, count ?? 5, after ?? null]))

const one = { tag: 'schedules', params: { name }, answers: { 200: json(shown, 'The schedule as it is now.') } } as const

export const scheduleRoutes: Routes = {
	'/schedules': {
		get: operation({
			summary: 'The schedules',
			tag: 'schedules',
			query: listQuery,
			answers: {
				200: json(
					z.strictObject({
						schedules: z.array(shown),
						next_after: z.string().nullable().describe('Give it as `after` to get the next page.'),
					}),
					'By name.',
					'Link',
				),
			},
			handle: list,
		}),
	},
	'/schedules/:name': {
		get: operation({
			...one,
			summary: 'One schedule, and when it runs next',
			errors: ['not_found'],
			handle: ({ db, params }) => read(db, params.name!),
		}),
		put: operation({
			...one,
			summary: 'Make a schedule, or change it',
			body: {
				whole: 'a schedule',
				schema: scheduleRequest,
				examples: {
					cron: { job: { type: 'echo' }, cron: '30 2 * * MON-FRI', time_zone: 'Europe/Berlin' },
					every: { job: { type: 'echo' }, every: 'PT5M', catch_up: 'none' },
				},
			},
			errors: ['unknown_job_type', 'invalid_payload'],
			handle: put,
		}),
		delete: operation({
			summary: 'Delete a schedule; jobs that it has submitted stay',
			tag: 'schedules',
			params: { name },
			answers: { 204: nothing('It is deleted.') },
			errors: ['not_found'],
			async handle({ db, params }) {
				await call(db, 'deleteSchedule', [params.name])
				return undefined
			},
		}),
	},
	'/schedules/:name/pause': {
		put: operation({
			...one,
			summary: 'Pause a schedule',
			errors: ['not_found'],
			async handle({ db, params }) {
				await call(db, 'pauseSchedule', [params.name])
				return read(db, params.name!)
			},
		}),
		delete: operation({
			...one,
			summary: 'Let a paused schedule go on',
			errors: ['not_found'],
			async handle({ db, params }) {
				await call(db, 'resumeSchedule', [params.name])
				return read(db, params.name!)
			},
		}),
	},
	'/schedules/:name/runs': {
		get: operation({
			summary: 'When a schedule runs next',
			tag: 'schedules',
			params: { name },
			query: runsQuery,
			answers: { 200: json(shownRuns, 'Soonest first.') },
			errors: ['not_found'],
			handle: async ({ db, params, query: { count } }) => runsOf(await call(db, 'nextRuns', [params.name, count])),
		}),
		post: operation({
			summary: 'Submit the job of a schedule now, beside its ticks',
			tag: 'schedules',
			params: { name },
			answers: { 201: json(z.strictObject({ id: z.guid() }), 'The job.', 'Location') },
			errors: ['not_found', 'unknown_job_type', 'invalid_payload'],
			async handle({ res, db, params }) {
				const { job_id } = await callOne<{ job_id: string }>(db, 'runSchedule', [params.name])
				res.location(`/jobs/${job_id}`)
				return { id: job_id }
			},
		}),
	},
	'/schedule-previews': {
		post: operation({
			summary: 'When a schedule would run',
			tag: 'schedules',
			stores: false,
			body: {
				whole: 'a preview of a schedule',
				schema: previewRequest,
				examples: { 'the next mornings': { cron: '0 6 * * *', time_zone: 'Europe/Berlin', count: 3 } },
			},
			answers: { 200: json(shownRuns, 'Soonest first.') },
			handle: preview,
		}),
	},
}
