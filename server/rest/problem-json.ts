import type { ErrorRequestHandler, Response } from 'express'
import { z } from 'zod'
import type { Log } from '../../db/log.ts'
import { doorKinds, errorKinds } from '../errors.ts'
import { Problem, type ProblemDetails, problemOf } from '../problem.ts'

/** What every error looks like. */
export const shownProblem = z
	.strictObject({
		type: z.string(),
		title: z.string(),
		status: z.int(),
		detail: z.string().describe('What went wrong here.'),
		instance: z.string(),
		code: z.enum(Object.keys(errorKinds)).describe('What a program decides by.'),
		sqlstate: z.string().optional(),
		field: z.string().optional().describe('The first wrong field.'),
		errors: z.array(z.strictObject({ field: z.string(), message: z.string() })).optional(),
		hint: z.string().describe('What to do next.'),
		job_id: z.string().optional().describe('The first job of an idempotency key.'),
		workflow_id: z.string().optional().describe('The first workflow of an idempotency key.'),
		state: z.string().optional().describe('The state that was in the way.'),
		members: z.array(z.string()).optional().describe('A cycle, from a job back to itself.'),
	})
	.meta({ id: 'Problem', description: 'An error (RFC 9457).' })

/** RFC 9457. `code` is what a program decides by. */
export function problemJson({ kind, message, details }: Problem, instance: string): Record<string, unknown> {
	return {
		type: `urn:taskq:problem:${kind.name}`,
		title: kind.title,
		status: kind.http,
		detail: message,
		instance,
		code: kind.name,
		sqlstate: details.sqlstate,
		field: details.field,
		errors: details.errors,
		hint: details.hint ?? kind.hint,
		job_id: details.jobId,
		workflow_id: details.workflowId,
		state: details.state,
		members: details.members,
	}
}

/** What each status says in headers as well. */
const statusHeaders: Record<number, Record<string, string>> = {
	401: { 'WWW-Authenticate': 'Bearer realm="taskq"' },
	503: { 'Retry-After': '1' },
}

export const problemHeaders = ({ kind, details }: Problem): Record<string, string> => ({ ...statusHeaders[kind.http], ...details.headers })

export function sendProblem(res: Response, problem: Problem, instance: string): void {
	res.status(problem.kind.http).set(problemHeaders(problem)).type('application/problem+json')
	res.send(JSON.stringify(problemJson(problem, instance)))
}

/** Body reading and routing have errors of their own, with a status and sometimes a `type`. */
function problemOfHttp(error: unknown): Problem {
	const { status, type, message, limit } = error as { status?: unknown; type?: unknown; message?: unknown; limit?: unknown }
	if (error instanceof Problem || typeof status !== 'number' || status >= 500) return problemOf(error)
	const details: ProblemDetails = { cause: error }
	if (type === 'entity.too.large')
		return new Problem(doorKinds.payload_too_large, `The body is larger than ${Number(limit) / 2 ** 20} MiB.`, {
			...details,
			hint: 'A payload may have 1 MiB: keep the data elsewhere and submit where it is. A large graph goes in several calls.',
		})
	if (status === 415) return new Problem(doorKinds.unsupported_media_type, String(message), details)
	return new Problem(doorKinds.malformed_request, String(message), details)
}

/** The last handler of an app: whatever was thrown becomes a problem. */
export const problemHandler =
	(log: Log): ErrorRequestHandler =>
	(error, req, res, next) => {
		const problem = problemOfHttp(error)
		if (problem.kind.http >= 500) {
			const level = problem.kind === doorKinds.internal ? 'error' : 'debug'
			log[level]({ err: problem.cause ?? problem, method: req.method, url: req.originalUrl }, problem.message)
		}
		if (res.headersSent) return next(error)
		sendProblem(res, problem, req.originalUrl)
	}
