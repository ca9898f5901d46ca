/** `/schedules`: jobs that are submitted again and again, and when. */
import { z } from 'zod'
import { call } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { Problem } from '../problem.ts'
import { resolveJobAliases } from './aliases.ts'
import { intervalOf } from './durations.ts'
import { linkNext } from './headers.ts'
import { type Given, type Handler, json, nothing, operation, type Routes } from './operation.ts'
import { listQuery, scheduleName as name, type ScheduleRow, scheduleRequest, shapeSchedule, shown } from './schedule-shapes.ts'
import type { Row } from './shapes.ts'

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
}
