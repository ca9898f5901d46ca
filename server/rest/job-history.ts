/** `/jobs/:id/…`: what happened to a job, and why it does not run. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { linkNext } from './headers.ts'
import { json, operation, type Routes } from './operation.ts'
import { idOf } from './params.ts'
import { enumeration, whole } from './query.ts'
import { id, instant, isoInstant } from './shapes.ts'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
const OUTCOMES = ['completed', 'failed', 'timed_out', 'lost', 'cancelled', 'released'] as const

const logsQuery = z.strictObject({
	level: enumeration(LEVELS).default('debug').describe('This level and those above it.'),
	limit: whole(1, 1000).default(200),
	after: whole(0, Number.MAX_SAFE_INTEGER).default(0).describe('The `next_after` of an earlier answer: what has come since.'),
})

const logs = z.strictObject({
	logs: z.array(
		z.strictObject({ id: z.int(), at: instant, attempt: z.int(), level: z.enum(LEVELS), message: z.string(), data: z.unknown() }),
	),
	next_after: z.int().describe('Give it as `after` to get what comes next, now or later.'),
})
const execution = z.strictObject({
	attempt: z.int(),
	claim_id: z.string(),
	worker_id: id,
	outcome: z
		.string()
		.nullable()
		.describe(`Null while it runs, else one of ${OUTCOMES.join(', ')}.`),
	started_at: instant,
	ended_at: instant.nullable(),
	duration_seconds: z.number().nullable(),
	error: z.unknown(),
})
const why = z.strictObject({
	runnable: z.boolean(),
	reasons: z.array(z.strictObject({ code: z.string(), message: z.string(), details: z.unknown() })),
})

interface LogRow {
	log_id: string
	attempt: number
	at: Date
	level: string
	message: string
	data: unknown
}

interface ExecutionRow extends Omit<z.output<typeof execution>, 'started_at' | 'ended_at' | 'duration_seconds'> {
	started_at: Date
	ended_at: Date | null
}

const shapeExecution = ({ started_at, ended_at, ...row }: ExecutionRow) => ({
	attempt: row.attempt,
	claim_id: row.claim_id,
	worker_id: row.worker_id,
	outcome: row.outcome,
	started_at: isoInstant(started_at),
	ended_at: isoInstant(ended_at),
	duration_seconds: ended_at && (ended_at.getTime() - started_at.getTime()) / 1000,
	error: row.error,
})

export const jobHistoryRoutes: Routes = {
	'/jobs/:id/logs': {
		get: operation({
			summary: 'What a job has logged',
			tag: 'jobs',
			params: { id: idOf('job') },
			query: logsQuery,
			answers: { 200: json(logs, 'Lines, oldest first.', 'Link') },
			async handle({ req, res, db, params, query: { level, limit, after } }) {
				const rows = await call<LogRow>(db, 'jobLogs', [params.id, after, level, limit])
				if (rows.length === 0) await callOne(db, 'getJob', [params.id]) // says so if there is no such job
				const next_after = Number(rows.at(-1)?.log_id ?? after)
				if (rows.length === limit) linkNext({ req, res }, 'after', next_after)
				return { logs: rows.map(({ log_id, at, ...line }) => ({ id: Number(log_id), at: isoInstant(at), ...line })), next_after }
			},
		}),
	},
	'/jobs/:id/executions': {
		get: operation({
			summary: 'Every attempt of a job',
			tag: 'jobs',
			params: { id: idOf('job') },
			answers: { 200: json(z.strictObject({ executions: z.array(execution) }), 'Attempts, oldest first.') },
			async handle({ db, params }) {
				const rows = await call<ExecutionRow>(db, 'jobExecutions', [params.id])
				if (rows.length === 0) await callOne(db, 'getJob', [params.id])
				return { executions: rows.map(shapeExecution) }
			},
		}),
	},
	'/jobs/:id/why': {
		get: operation({
			summary: 'Why a job is not running',
			tag: 'jobs',
			params: { id: idOf('job') },
			answers: {
				200: json(why, 'Every reason. Where it is runnable, that is the only one, and names the workers whose next claim takes it.'),
			},
			async handle({ db, params }) {
				const reasons = await call<z.output<typeof why>['reasons'][number]>(db, 'explainJob', [params.id])
				return { runnable: reasons.some(({ code }) => code === 'runnable'), reasons }
			},
		}),
	},
}
