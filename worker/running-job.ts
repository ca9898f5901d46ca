import type { ClientBase } from 'pg'
import { type ClaimedJob, call, type LogLine, type Outcome } from '../db/calls.ts'
import type { Queryable } from '../db/pool.ts'
import type { Job, JobLog, LogLevel, Parents } from './job.ts'
import { readParents } from './parents.ts'
import type { Task } from './task.ts'

/** Why an attempt was asked to stop; the handler sees it as `job.signal.reason`. */
export type StopReason = 'timed_out' | 'cancelled' | 'claim_lost' | 'shutdown' | 'failed'

export class StopError extends Error {
	override readonly name = 'AbortError'
	readonly reason: StopReason
	constructor(reason: StopReason) {
		super(`the job was asked to stop: ${reason}`)
		this.reason = reason
	}
}

/** A log has a size: what a handler writes beyond so many lines or bytes of an attempt is dropped. */
const MAX_LOG_LINES = 10_000
const MAX_LOG_BYTES = 4 * 2 ** 20
const MAX_DATA_BYTES = 64 * 2 ** 10

/** Data as it is now, whatever the handler does with it later; what JSON cannot hold is said in words. */
function asJson(data: unknown): unknown {
	if (data === undefined) return undefined
	try {
		const text = JSON.stringify(data) ?? 'null'
		return text.length > MAX_DATA_BYTES ? `left out: ${text.length} bytes` : JSON.parse(text)
	} catch (error) {
		return `not JSON: ${(error as Error).message}`
	}
}

/** One attempt in this worker: what its handler sees, and what has gathered about it for the database. */
export class RunningJob implements Job {
	readonly claimId: string
	readonly claimed: Readonly<ClaimedJob>
	readonly task: Task
	readonly claimedAt = performance.now()
	startedAt = 0
	/** Whether the handler completed the job in a transaction of its own. */
	completesItself = false
	/** Called when the attempt is asked to stop. */
	onStop: ((reason: StopReason) => void) | undefined
	/** Called when a callback of the handler that nobody awaits has thrown, as long as the attempt goes on. */
	onStray: ((error: unknown) => void) | undefined
	reported: { percent: number; data: unknown } | undefined
	#controller: AbortController | undefined
	#stopped: StopReason | undefined
	#lines: (Omit<LogLine, 'age_seconds'> & { at: number })[] = []
	#lineCount = 0
	#logBytes = 0
	#logIsFull = false
	readonly #db: Queryable

	constructor(claimId: string, claimed: ClaimedJob, task: Task, db: Queryable) {
		this.claimId = claimId
		this.claimed = Object.freeze(claimed)
		this.task = task
		this.#db = db
	}

	get id(): string {
		return this.claimed.job_id
	}
	get type(): string {
		return this.claimed.type
	}
	get attempt(): number {
		return this.claimed.attempt
	}
	get maxAttempts(): number {
		return this.claimed.max_attempts
	}
	/** Made only for handlers that look at it: most do not. */
	get signal(): AbortSignal {
		this.#controller ??= new AbortController()
		if (this.#stopped && !this.#controller.signal.aborted) this.#controller.abort(new StopError(this.#stopped))
		return this.#controller.signal
	}
	get stopReason(): StopReason | undefined {
		return this.#stopped
	}

	/** Asks the attempt to stop; the first reason stays. */
	stop(reason: StopReason): void {
		if (this.#stopped) return
		this.#stopped = reason
		this.#controller?.abort(new StopError(reason))
		this.onStop?.(reason)
	}

	readonly log: JobLog = Object.fromEntries(
		(['debug', 'info', 'warn', 'error'] as const).map((level) => [
			level,
			(message: string, data?: unknown) => this.write(level, message, data),
		]),
	) as JobLog

	write(level: LogLevel, message: string, data?: unknown): void {
		if (this.#logIsFull) return
		const line = { level, message: String(message).slice(0, MAX_DATA_BYTES), data: asJson(data) }
		this.#logBytes += line.message.length + (line.data === undefined ? 0 : JSON.stringify(line.data).length)
		this.#logIsFull = ++this.#lineCount === MAX_LOG_LINES || this.#logBytes > MAX_LOG_BYTES
		const last = { level: 'warn' as const, message: 'the log is full; further lines are dropped' }
		this.#lines.push({ ...(this.#logIsFull ? last : line), at: performance.now() })
	}

	/** Takes the lines that have gathered. */
	takeLines(): LogLine[] {
		const now = performance.now()
		return this.#lines.splice(0).map(({ at, ...line }) => ({ ...line, age_seconds: (now - at) / 1000 }))
	}

	progress(percent: number, data?: unknown): void {
		this.reported = { percent: Math.min(100, Math.max(0, Number(percent) || 0)), data: asJson(data) }
	}

	parents(): Promise<Parents> {
		return readParents(this.#db, this.id)
	}

	async complete(client: ClientBase, result?: unknown): Promise<void> {
		this.completesItself = true
		await call(client, 'completeJob', [this.claimId, this.id, result === undefined ? null : JSON.stringify(result)])
	}

	/** The end of this attempt as the database takes it, with the lines not sent yet. */
	outcome(outcome: Outcome['outcome'], rest: Partial<Outcome> = {}): Outcome {
		const logs = this.#lines.length > 0 ? this.takeLines() : undefined
		const duration = this.startedAt ? (performance.now() - this.startedAt) / 1000 : undefined
		return { claim_id: this.claimId, job_id: this.id, outcome, duration_seconds: duration, logs, ...rest }
	}
}
