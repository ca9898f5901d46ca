import type { Database } from './database.ts'

/** What the database says in the end. Ids of claims are texts, times milliseconds since 1970 with fractions. */
export interface Facts {
	jobs: JobFact[]
	executions: Execution[]
	/** Rows that `effect` handlers wrote in the transaction that completed their job. */
	effects: { job_id: string; claim_id: string }[]
	edges: { job_id: string; depends_on_id: string; condition: 'success' | 'failure' | 'finished' }[]
	/** Jobs in claims. */
	held: number
	/** Breaches that check_invariants() finds. */
	invariants: string[]
}

export interface JobFact {
	job_id: string
	type: string
	status: string
	reason: string | null
	tag: string
	idempotency_key: string | null
	finished: number | null
}

export interface Execution {
	job_id: string
	claim_id: string
	outcome: string | null
	/** The name of its worker's process. */
	worker: string
	started: number
	ended: number | null
}

const millis = (column: string): string => `(extract(epoch from ${column}) * 1000)::double precision`

export async function readFacts(database: Database): Promise<Facts> {
	const jobs = await database.rows<JobFact>(
		`select job_id, type, status, reason, coalesce(payload ->> 'tag', '') as tag, idempotency_key, ${millis('finished_at')} as finished from taskq.jobs`,
	)
	const executions = await database.rows<Execution>(
		`select e.job_id, e.claim_id, e.outcome, w.name as worker, ${millis('e.started_at')} as started, ${millis('e.ended_at')} as ended
		from taskq.job_executions as e left join taskq_private.workers as w using (worker_id)`,
	)
	const effects = await database.rows('select job_id, claim_id from faults.effects')
	const edges = await database.rows('select job_id, depends_on_id, condition from taskq.job_dependencies')
	const [held] = await database.rows('select coalesce(sum(cardinality(job_ids)), 0)::integer as held from taskq_private.claims')
	const invariants = await database.rows('select breach from taskq_private.check_invariants() as breach')
	return {
		jobs,
		executions,
		effects: effects as Facts['effects'],
		edges: edges as Facts['edges'],
		held: held!.held,
		invariants: invariants.map(({ breach }) => breach),
	}
}
