import { call, type Outcome } from '../../db/calls.ts'
import type { Queryable } from '../../db/pool.ts'
import type { Db } from './db.ts'
import { jobIds, type Stage } from './stage.ts'

/** Deletes all jobs and workflows, so that many graphs can be tried in one database. */
export async function forgetJobs(db: Queryable): Promise<void> {
	const tables = ['job_specs', 'finished_jobs', 'waiting_jobs', 'ready_jobs', 'claims', 'job_dependencies', 'unsettled_jobs', 'workflows']
	const more = ['workflow_counts', 'cancel_requests', 'job_attempts', 'job_events']
	await db.query([...tables, ...more].map((table) => `delete from taskq_private.${table}`).join('; '))
}

/** What `submit_jobs` answers for each job, in their order. */
export interface GraphJob {
	position: number
	name: string | null
	job_id: string
	status: string
	created: boolean
	warnings: string[]
	workflow_id: string | null
}

/** A row of `taskq.workflows`, as far as tests look inside. */
export interface WorkflowRow extends Record<string, unknown> {
	workflow_id: string
	name: string
	status: string
	job_count: number
	unfinished_count: number
	completed_count: number
	failed_count: number
	cancelled_count: number
	skipped_count: number
	finished_at: Date | null
}

/** A list of jobs, or `{workflow, jobs}`, as it stands. */
export const submitJobs = (db: Db, jobs: unknown): Promise<GraphJob[]> => call<GraphJob>(db.pool, 'submitJobs', [JSON.stringify(jobs)])

/** What a job depends on, or all that is asked of it. */
type Node = readonly unknown[] | Record<string, unknown>

/** A graph as `{name: depends_on}` or `{name: fields}`, as the list of jobs that `submit_jobs` takes. */
export const jobsOf = (stage: Stage, graph: Record<string, Node>): Record<string, unknown>[] =>
	Object.entries(graph).map(([name, node]) => ({ type: stage.type, name, ...(Array.isArray(node) ? { depends_on: node } : node) }))

export type Ids = Record<string, string>

/** Submits a graph as jobs of this stage; answers the ids by name. */
export async function submitGraph(db: Db, stage: Stage, graph: Record<string, Node>): Promise<Ids> {
	const rows = await submitJobs(db, jobsOf(stage, graph))
	return Object.fromEntries(rows.map(({ name, job_id }) => [name, job_id]))
}

/** The same as a workflow. */
export async function submitWorkflow(
	db: Db,
	stage: Stage,
	graph: Record<string, Node>,
	workflow: Record<string, unknown> = {},
): Promise<{ id: string; ids: Ids }> {
	const rows = await submitJobs(db, { workflow: { name: 'w', ...workflow }, jobs: jobsOf(stage, graph) })
	return { id: rows[0]!.workflow_id!, ids: Object.fromEntries(rows.map(({ name, job_id }) => [name, job_id])) }
}

export const workflowOf = (db: Db, id: string): Promise<WorkflowRow> =>
	call<WorkflowRow>(db.pool, 'getWorkflow', [id]).then(([row]) => row!)

/** Runs these jobs, which must be ready, and ends them all like this; what else is ready stays so. */
export async function end(stage: Stage, report: Partial<Outcome>, ...ids: string[]): Promise<void> {
	const claimed = await stage.claim(1000)
	const held = new Set(jobIds(claimed))
	const missing = ids.filter((id) => !held.has(id))
	if (missing.length) throw new Error(`not ready: ${missing}`)
	await stage.report(
		claimed,
		{ outcome: 'released' },
		[...held].filter((id) => !ids.includes(id)),
	)
	await stage.report(claimed, report, ids)
}

export const complete = (stage: Stage, ...ids: string[]): Promise<void> => end(stage, { outcome: 'completed' }, ...ids)
export const fail = (stage: Stage, ...ids: string[]): Promise<void> => end(stage, { outcome: 'failed', fatal: true }, ...ids)

/** `{name: status}` of these jobs. */
export async function statusesOf(stage: Stage, ids: Ids): Promise<Record<string, string>> {
	const names = Object.keys(ids)
	const statuses = await Promise.all(names.map((name) => stage.status(ids[name]!)))
	return Object.fromEntries(names.map((name, n) => [name, statuses[n]!]))
}

/** How many jobs of the stage there are in each status. */
export async function countByStatus(db: Db, stage: Stage): Promise<Record<string, number>> {
	const rows = await db.rows('select status, count(*)::int as n from taskq.jobs where type = $1 group by status', [stage.type])
	return Object.fromEntries(rows.map(({ status, n }) => [status, n]))
}
