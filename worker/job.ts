import type { ClientBase } from 'pg'

/** How a line in a job's log is weighed. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Writes a line to the job's own log (`GET /jobs/:id/logs`); `data` is any JSON. */
export type JobLog = Record<LogLevel, (message: string, data?: unknown) => void>

/** How a parent ended and what it left behind for its children. */
export interface ParentResult {
	id: string
	name: string | null
	type: string
	/** What this job asked of it. */
	condition: 'success' | 'failure' | 'finished'
	/** `completed`, `failed` or `cancelled`; null while it runs again, after a replay. */
	status: string | null
	/** What it returned; null unless it completed. */
	result: unknown
	/** Why it failed or was cancelled, where that is known. */
	error: { message: string; name?: string; stack?: string } | null
	/** Result and error are null because those of the parents before it are 4 MiB already: `GET /jobs/:id` has them. */
	leftOut: boolean
}

/** Parents by name, or by id where a parent has no name or not one of its own. Has no prototype: `__proto__` is a name as any. */
export type Parents = Record<string, ParentResult>

/** What a handler is given beside its payload. */
export interface Job {
	/** The job's id (uuid v7): a stable key for effects outside the database. */
	readonly id: string
	readonly type: string
	/** 1 for the first execution. */
	readonly attempt: number
	readonly maxAttempts: number
	/** Aborts at timeout, cancel, a lost claim and shutdown; its `reason` says which. */
	readonly signal: AbortSignal
	readonly log: JobLog
	/**
	 * How the jobs that this one depends on ended and what they left behind: each under its name, or under its id if it has no
	 * name or another parent has the same. Results and errors come along, in the order of the names, until they are 4 MiB
	 * together; parents after that are `leftOut`. The record has no prototype, since a job may be named `__proto__` or
	 * `constructor`: use `Object.hasOwn(parents, name)`, not `parents.hasOwnProperty(name)`. Rejects if the database does not
	 * answer.
	 *
	 * @example
	 * const { fetch } = await job.parents()
	 * if (fetch?.status === 'completed') job.log.info('fetched', fetch.result)
	 */
	parents(): Promise<Parents>
	/** Tells how far the job is: 0 to 100, and any JSON beside it. */
	progress(percent: number, data?: unknown): void
	/**
	 * Completes the job inside the handler's own transaction on `client`: the effect and the record commit together or
	 * not at all. Call it last; what the handler returns afterwards is ignored. `inline` tasks only.
	 */
	complete(client: ClientBase, result?: unknown): Promise<void>
}

export type Handler<P> = (payload: P, job: Job) => unknown
