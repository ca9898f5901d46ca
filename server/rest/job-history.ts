/** `/jobs/:id/…`: what happened to a job, and why it does not run. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { isoInstant } from './job.ts'
import { checkQuery, readQuery, text, whole } from './query.ts'
import { type Handler, idOf, type Routes } from './routes.ts'

const logsQuery = z.strictObject({
	level: text.pipe(z.enum(['debug', 'info', 'warn', 'error'])).default('debug'),
	limit: whole(1, 1000).default(200),
	after: whole(0, Number.MAX_SAFE_INTEGER).default(0),
})

interface LogRow {
	log_id: string
	attempt: number
	at: Date
	level: string
	message: string
	data: unknown
}

interface ExecutionRow {
	attempt: number
	claim_id: string
	worker_id: string
	outcome: string | null
	started_at: Date
	ended_at: Date | null
	error: unknown
}

export const jobHistoryRoutes: Routes = {
	'/jobs/:id/logs': { get: (given) => logs(given) },
	'/jobs/:id/executions': { get: (given) => executions(given) },
	'/jobs/:id/why': { get: (given) => why(given) },
}

const logs: Handler = async ({ req, db, params }) => {
	const id = idOf(params, 'job')
	const { level, limit, after } = checkQuery(logsQuery, readQuery(req))
	const rows = await call<LogRow>(db, 'jobLogs', [id, after, level, limit])
	if (rows.length === 0) await callOne(db, 'getJob', [id]) // says so if there is no such job
	return {
		logs: rows.map(({ log_id, at, ...line }) => ({ id: Number(log_id), at: isoInstant(at), ...line })),
		next_after: Number(rows.at(-1)?.log_id ?? after),
	}
}

const executions: Handler = async ({ db, params }) => {
	const id = idOf(params, 'job')
	const rows = await call<ExecutionRow>(db, 'jobExecutions', [id])
	if (rows.length === 0) await callOne(db, 'getJob', [id])
	return {
		executions: rows.map((row) => ({
			attempt: row.attempt,
			claim_id: row.claim_id,
			worker_id: row.worker_id,
			outcome: row.outcome,
			started_at: isoInstant(row.started_at),
			ended_at: isoInstant(row.ended_at),
			duration_seconds: row.ended_at && (row.ended_at.getTime() - row.started_at.getTime()) / 1000,
			error: row.error,
		})),
	}
}

const why: Handler = async ({ db, params }) => {
	const reasons = await call<{ code: string; message: string; details: unknown }>(db, 'explainJob', [idOf(params, 'job')])
	// then it is the only reason, and its details name the workers whose next claim takes it
	return { runnable: reasons.some(({ code }) => code === 'runnable'), reasons }
}
