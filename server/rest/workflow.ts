import { isoInstant } from './job.ts'

/** A row of `taskq.workflows`. */
export interface WorkflowRow {
	workflow_id: string
	name: string
	status: 'running' | 'completed' | 'failed' | 'cancelled'
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

/** A workflow as every door shows it. */
export const shapeWorkflow = (row: WorkflowRow): Record<string, unknown> => ({
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
