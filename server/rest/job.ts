import { z } from 'zod'
import { priorityName } from './priority.ts'
import { type Instant, id, instant, isoInstant, JOB_STATUSES, priority } from './shapes.ts'

export type Condition = 'success' | 'failure' | 'finished'
export const condition = z.enum(['success', 'failure', 'finished'])
/** What a job waits for: the success of a job, or what `condition` says. */
export type Dependency = string | { job: string; condition: Condition }

/** A row of `taskq.jobs`, or what `taskq.get_job` answers. */
export interface JobRow {
	job_id: string
	name: string | null
	type: string
	queue: string
	status: (typeof JOB_STATUSES)[number]
	reason: string | null
	priority: number
	payload: unknown
	result: unknown
	error: unknown
	attempt: number
	max_attempts: number
	created_at: Date | string
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
	progress?: { percent: number; data: unknown; at: Date | string } | null
	cancel_requested_at?: Instant
}

/** A job in a list. */
export const listedJob = z
	.strictObject({
		id,
		name: z.string().nullable(),
		type: z.string(),
		queue: z.string(),
		status: z.enum(JOB_STATUSES),
		reason: z.string().nullable().describe('Why it failed or was cancelled, in a word: `timeout`, `crashed`, `dependency`, …'),
		priority,
		payload: z.unknown(),
		resource_requirements: z
			.object({ cpu_units: z.number(), memory_mb: z.number() })
			.catchall(z.number())
			.describe('And whatever else a worker or a pool has, by its name.'),
		concurrency_key: z.string().nullable(),
		expected_seconds: z.number().nullable(),
		retry_config: z.strictObject({
			max_attempts: z.int(),
			backoff_multiplier: z.number(),
			initial_delay_seconds: z.number(),
			max_delay_seconds: z.number(),
			jitter: z.number(),
		}),
		timeout_seconds: z.int(),
		on_dependency_failure: z.string(),
		run_at: instant.nullable(),
		created_at: instant,
		created_by: z.string(),
		due_at: instant.nullable().describe('When a pending or retrying job becomes ready.'),
		ready_at: instant.nullable(),
		started_at: instant.nullable(),
		finished_at: instant.nullable(),
		attempt: z.int(),
		worker_id: id.nullable(),
		result: z.unknown(),
		error: z.unknown(),
		idempotency_key: z.string().nullable(),
		metadata: z.unknown(),
		workflow_id: id.nullable(),
		trace_context: z.string().nullable(),
	})
	.meta({ id: 'ListedJob', description: 'A job, without what needs a look at each.' })

const looked = {
	depends_on: z.array(z.union([id, z.strictObject({ job: id, condition })])).describe('A bare id waits for its success.'),
	progress: z.strictObject({ percent: z.number().nullable(), data: z.unknown(), at: instant }).nullable(),
	cancel_requested_at: instant.nullable(),
}
export const shownJob = listedJob.extend(looked).meta({ id: 'Job', description: 'A job.' })
export type ShownJob = z.output<typeof listedJob> & Partial<z.output<z.ZodObject<typeof looked>>>

/** A job as every door shows it. In lists, `depends_on`, `progress` and `cancel_requested_at` are left out. */
export function shapeJob(row: JobRow): ShownJob {
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
