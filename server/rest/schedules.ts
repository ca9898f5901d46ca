/** `/schedules`: jobs that are submitted again and again, and when. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { Problem } from '../problem.ts'
import { resolveJobAliases } from './aliases.ts'
import { intervalOf } from './durations.ts'
import { linkNext } from './headers.ts'
import { type Given, type Handler, json, nothing, operation, type Routes } from './operation.ts'
import { textParam } from './params.ts'
import {
	listQuery,
	previewRequest,
	runsQuery,
	type ScheduleRow,
	scheduleRequest,
	shapeSchedule,
	shown,
	shownRuns,
} from './schedule-shapes.ts'
import { isoInstant, type Row } from './shapes.ts'

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
