/** When schedules run, when one would, and runs between its ticks. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { intervalOf } from './durations.ts'
import { type Handler, json, operation, type Routes } from './operation.ts'
import { scheduleName as name, previewRequest, runsQuery, shownRuns } from './schedule-shapes.ts'
import { isoInstant } from './shapes.ts'

const runsOf = (rows: { run_at: Date }[]) => ({ next_runs: rows.map(({ run_at }) => isoInstant(run_at)) })

const preview: Handler<unknown, z.output<typeof previewRequest>> = async ({ db, body: { cron, every, time_zone, count, after } }) =>
	runsOf(await call(db, 'previewSchedule', [cron ?? null, intervalOf(every), time_zone ?? null, count ?? 5, after ?? null]))

export const scheduleRunRoutes: Routes = {
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
