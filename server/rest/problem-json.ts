import type { ErrorRequestHandler, Response } from 'express'
import { doorKinds } from '../errors.ts'
import type { Log } from '../log.ts'
import { Problem, type ProblemDetails, problemOf } from '../problem.ts'

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
