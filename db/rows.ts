/** What the calls of db/calls.ts take and answer, where it is more than the columns of a view. */

/** A job as a claim hands it to its worker. */
export interface ClaimedJob {
	job_id: string
	type: string
	queue: string
	attempt: number
	max_attempts: number
	timeout_seconds: number
	payload: unknown
	trace_context: string | null
}

/** What one `claim_next_job` answers. `claim_id` is null when nothing was claimed; it is a bigint, so a string here. */
export interface Claim {
	claim_id: string | null
	jobs: ClaimedJob[]
	rejected: string[]
	cancel_requested: string[]
	/** Seconds until the next waiting job is due; null when none waits. */
	next_due_in_seconds: number | null
}

/** One attempt's end, as `claim_next_job` takes it. Durations are seconds by the worker's monotonic clock. */
export interface Outcome {
	claim_id: string
	job_id: string
	outcome: 'completed' | 'failed' | 'timed_out' | 'cancelled' | 'released'
	result?: unknown
	error?: { name: string; message: string; stack?: string }
	fatal?: boolean
	retry_after_seconds?: number
	duration_seconds?: number
	logs?: LogLine[]
}

export interface LogLine {
	level: 'debug' | 'info' | 'warn' | 'error'
	message: string
	data?: unknown
	age_seconds: number
}

/** What `submit_each` answers for each request, in their order. */
export interface Submitted {
	position: number
	job_id: string | null
	status: string | null
	created: boolean
	warnings: string[]
	error: { code: string; message: string; field?: string; hint?: string; job_id?: string } | null
}

/** What `submit_jobs` answers for each job, in their order. Id and status are null where the job of an earlier request is gone. */
export interface SubmittedOfGraph extends Pick<Submitted, 'position' | 'job_id' | 'status' | 'created' | 'warnings'> {
	name: string | null
	workflow_id: string | null
}
