import pg from 'pg'
import { doorKinds, type ErrorKind, kindOf, sqlstates } from './errors.ts'

export interface FieldError {
	field: string
	message: string
}

export interface ProblemDetails {
	field?: string | undefined
	errors?: FieldError[] | undefined
	hint?: string | undefined
	jobId?: string | undefined
	workflowId?: string | undefined
	state?: string | undefined
	/** The jobs of a cycle, from one of them back to itself. */
	members?: string[] | undefined
	sqlstate?: string | undefined
	/** Headers that the answer carries beside it. */
	headers?: Record<string, string>
	cause?: unknown
}

/** An error that a caller can be told. */
export class Problem extends Error {
	override readonly name = 'Problem'
	readonly kind: ErrorKind
	readonly details: ProblemDetails
	constructor(kind: ErrorKind, message: string, details: ProblemDetails = {}) {
		super(message, { cause: details.cause })
		this.kind = kind
		this.details = details
	}
}

/** One wrong field, found at the door. */
export const invalid = (field: string, message: string, kind: ErrorKind = doorKinds.invalid_request, hint?: string): Problem =>
	new Problem(kind, message, { field, errors: [{ field, message }], hint })

/** The database is away, or all its connections are taken. `sent`: the statement may or may not have taken effect. */
export class Unavailable extends Error {
	override readonly name = 'Unavailable'
	readonly sent: boolean
	constructor(cause: unknown, sent: boolean) {
		super('the database cannot be reached', { cause })
		this.sent = sent
	}
}

/** Whether a whole statement failed because of a value in it: a batch can be sent again without the bad member. */
export const isDataError = (error: unknown): boolean =>
	error instanceof pg.DatabaseError && !!error.code && (kindOf(error.code)?.http ?? 500) < 500 && error.code !== '42501'

/** An error as a value, as `submit_each` answers it for one member of a batch. */
export interface ErrorValue {
	code: string
	message: string
	field?: string
	hint?: string
	job_id?: string
}

/** What the caller is told about an error that was answered as a value. */
export function problemOfValue({ code, message, field, hint, job_id }: ErrorValue): Problem {
	return new Problem(kindOf(code) ?? doorKinds.internal, message, {
		sqlstate: code,
		field,
		errors: field ? [{ field, message }] : undefined,
		hint,
		jobId: job_id,
	})
}

/** The detail of TQ410, where the caller may see what had the key. */
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Whose key it was that another request had used. */
const isOfWorkflow = (field: string | undefined) => field === 'workflow.idempotency_key'

const awayAgain = (cause: unknown, sent: boolean): Problem =>
	new Problem(doorKinds.database_unavailable, 'The database cannot be reached right now; nothing is lost that was accepted before.', {
		hint: sent ? 'It may or may not have been done: look, or send it again with an idempotency_key.' : 'Try again in a moment.',
		cause,
	})

/** What the caller is told about any error. Decides by SQLSTATE and by class, never by text. */
export function problemOf(error: unknown): Problem {
	if (error instanceof Problem) return error
	if (error instanceof Unavailable) return awayAgain(error, error.sent)
	if (!(error instanceof pg.DatabaseError) || !error.code)
		return new Problem(doorKinds.internal, 'An error that was not expected; the log has it.', { cause: error })
	const found = kindOf(error.code)
	if (!found) return new Problem(doorKinds.internal, 'An error that was not expected; the log has it.', { cause: error })
	if (found === doorKinds.database_unavailable) return awayAgain(error, false)
	if (found === sqlstates['53100'])
		return new Problem(found, 'The database has no space left: nothing was stored.', { sqlstate: error.code, cause: error })
	return new Problem(found, error.message, {
		sqlstate: error.code,
		field: error.column,
		errors: error.column ? [{ field: error.column, message: error.message }] : undefined,
		hint: error.hint,
		...(error.code === 'TQ410' && ID.test(error.detail ?? '') && { [isOfWorkflow(error.column) ? 'workflowId' : 'jobId']: error.detail }),
		state: error.code === 'TQ409' ? error.detail : undefined,
		members: error.code === 'TQ425' && error.detail ? (JSON.parse(error.detail) as string[]) : undefined,
		cause: error,
	})
}
