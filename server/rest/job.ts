import { priorityName } from './priority.ts'

type Instant = Date | string | null | undefined

export type Condition = 'success' | 'failure' | 'finished'
/** What a job waits for: the success of a job, or what `condition` says. */
export type Dependency = string | { job: string; condition: Condition }

/** A row of `taskq.jobs`, or what `taskq.get_job` answers. */
export interface JobRow {
	job_id: string
	name: string | null
	type: string
	queue: string
	status: string
	reason: string | null
	priority: number
	payload: unknown
	result: unknown
	error: unknown
	attempt: number
	max_attempts: number
	created_at: Instant
	run_at: Instant
	due_at: Instant
	ready_at: Instant
	started_at: Instant
	finished_at: Instant
	created_by: string
	worker_id: string | null
	cpu_units: number
	memory_mb: number
	/** Further resources, name to amount. */
	resources: Record<string, number>
	concurrency_key: string | null
	expected_seconds: number | null
	timeout_seconds: number
	initial_delay_seconds: number
	backoff_multiplier: number
	max_delay_seconds: number
	jitter: number
	workflow_id: string | null
	idempotency_key: string | null
	metadata: unknown
	trace_context: string | null
	on_dependency_failure: string
	/** The following come with one job and not with a list. */
	depends_on?: Dependency[]
	progress?: { percent: number; data: unknown; at: Instant } | null
	cancel_requested_at?: Instant
}

/** ISO 8601 with milliseconds, in UTC. */
export const isoInstant = (instant: Instant): string | null => (instant == null ? null : new Date(instant).toISOString())

/** A job as every door shows it. In lists, `depends_on`, `progress` and `cancel_requested_at` are left out. */
export function shapeJob(row: JobRow): Record<string, unknown> {
	const { depends_on, progress, cancel_requested_at } = row
	return {
		id: row.job_id,
		name: row.name,
		type: row.type,
		queue: row.queue,
		status: row.status,
		reason: row.reason,
		priority: priorityName(row.priority),
		payload: row.payload,
		resource_requirements: { cpu_units: Number(row.cpu_units), memory_mb: row.memory_mb, ...row.resources },
		concurrency_key: row.concurrency_key,
		expected_seconds: row.expected_seconds,
		retry_config: {
			max_attempts: row.max_attempts,
			backoff_multiplier: row.backoff_multiplier,
			initial_delay_seconds: row.initial_delay_seconds,
			max_delay_seconds: row.max_delay_seconds,
			jitter: row.jitter,
		},
		timeout_seconds: row.timeout_seconds,
		depends_on,
		on_dependency_failure: row.on_dependency_failure,
		run_at: isoInstant(row.run_at),
		created_at: isoInstant(row.created_at),
		created_by: row.created_by,
		due_at: isoInstant(row.due_at),
		ready_at: isoInstant(row.ready_at),
		started_at: isoInstant(row.started_at),
		finished_at: isoInstant(row.finished_at),
		attempt: row.attempt,
		worker_id: row.worker_id,
		result: row.result,
		error: row.error,
		progress: progress && { ...progress, at: isoInstant(progress.at) },
		cancel_requested_at: cancel_requested_at === undefined ? undefined : isoInstant(cancel_requested_at),
		idempotency_key: row.idempotency_key,
		metadata: row.metadata,
		workflow_id: row.workflow_id,
		trace_context: row.trace_context,
	}
}
