import { z } from 'zod'
import { count, id, instant, isoInstant } from './shapes.ts'

export const WORKFLOW_STATUSES = ['running', 'completed', 'failed', 'cancelled'] as const

/** A row of `taskq.workflows`. */
export interface WorkflowRow {
	workflow_id: string
	name: string
	status: (typeof WORKFLOW_STATUSES)[number]
	job_count: number
	unfinished_count: number
	completed_count: number
	failed_count: number
	cancelled_count: number
	skipped_count: number
	created_at: Date
	finished_at: Date | null
	created_by: string
	cancel_requested_at: Date | null
	cancel_reason: string | null
	idempotency_key: string | null
	metadata: unknown
}

export const shownWorkflow = z
	.strictObject({
		id,
		name: z.string(),
		status: z.enum(WORKFLOW_STATUSES),
		counts: z.strictObject({ total: count, unfinished: count, completed: count, failed: count, cancelled: count, skipped: count }),
		created_at: instant,
		created_by: z.string(),
		finished_at: instant.nullable(),
		cancel_requested_at: instant.nullable(),
		cancel_reason: z.string().nullable(),
		idempotency_key: z.string().nullable(),
		metadata: z.unknown(),
	})
	.meta({ id: 'Workflow', description: 'Jobs that were submitted under a name.' })

/** A workflow as every door shows it. */
export const shapeWorkflow = (row: WorkflowRow): z.output<typeof shownWorkflow> => ({
	id: row.workflow_id,
	name: row.name,
	status: row.status,
	counts: {
		total: row.job_count,
		unfinished: row.unfinished_count,
		completed: row.completed_count,
		failed: row.failed_count,
		cancelled: row.cancelled_count,
		skipped: row.skipped_count,
	},
	created_at: isoInstant(row.created_at),
	created_by: row.created_by,
	finished_at: isoInstant(row.finished_at),
	cancel_requested_at: isoInstant(row.cancel_requested_at),
	cancel_reason: row.cancel_reason,
	idempotency_key: row.idempotency_key,
	metadata: row.metadata,
})
