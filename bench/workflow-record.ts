import type pg from 'pg'
import { call, callOne } from '../db/calls.ts'
import type { Ended, Held, RunRecord } from './workflow-checks.ts'

interface JobEvent {
	id: number
	at: string
	event: string
	jobs: { job_id: string }[] | null
}

interface JobRow {
	job_id: string
	status: string
	reason: string | null
	error: { message?: string } | null
	result: { began_at: number; ended_at: number } | null
}

interface ExecutionRow {
	job_id: string
	claim_id: string
	worker_id: string
	outcome: string | null
	started_at: Date
	ended_at: Date | null
}

/** What a job's attempt can end with; lines of its log and its progress do not end it. */
const ENDS = new Set(['job_completed', 'job_failed', 'job_cancelled', 'job_retrying', 'job_ready'])

/** Reads what became of these jobs (id to name), whose events all come after `since`. */
export async function readRecord(pool: pg.Pool, names: Map<string, string>, since: string): Promise<RunRecord> {
	const ids = [...names.keys()]
	const events = await readEvents(pool, names, since)
	const submitted = events.find(({ event }) => event === 'job_submitted')
	if (!submitted) throw new Error('the database has no event of the submit: were events deleted meanwhile?')
	const jobs = await call<JobRow>(pool, 'getJobs', [ids])
	const { rows } = await pool.query<ExecutionRow>('select * from taskq.job_executions where job_id = any ($1::uuid[]) order by claim_id', [
		ids,
	])
	return {
		submittedAt: Date.parse(submitted.at),
		jobs: jobs.map((job) => toEnded(job, names)),
		held: pair(rows, events, names),
	}
}

const toEnded = ({ job_id, status, reason, error, result }: JobRow, names: Map<string, string>): Ended => ({
	name: names.get(job_id)!,
	status,
	why: error?.message ?? reason,
	ran: result && { beganAt: result.began_at, endedAt: result.ended_at },
})

/** Every event of these jobs; all that they will ever have are committed by now. */
async function readEvents(pool: pg.Pool, names: Map<string, string>, since: string): Promise<JobEvent[]> {
	const found: JobEvent[] = []
	for (let position = since; ; ) {
		const { batch } = await callOne<{ batch: { events: JobEvent[] } }>(pool, 'readEvents', [position, [], 500])
		if (batch.events.length === 0) return found
		position = String(batch.events.at(-1)!.id)
		for (const { jobs, ...event } of batch.events) {
			const ours = (jobs ?? []).filter(({ job_id }) => names.has(job_id))
			if (ours.length > 0) found.push({ ...event, jobs: ours })
		}
	}
}

/** The nth `job_started` of a job belongs to its nth execution, and the end that follows it as well. */
function pair(executions: ExecutionRow[], events: JobEvent[], names: Map<string, string>): Held[] {
	const spans = new Map<string, { from: number; to: number }[]>()
	for (const { id, event, jobs } of events)
		for (const { job_id } of jobs!) {
			const before = spans.get(job_id) ?? []
			spans.set(job_id, before)
			if (event === 'job_started') before.push({ from: id, to: Number.POSITIVE_INFINITY })
			else if (ENDS.has(event) && before.at(-1)?.to === Number.POSITIVE_INFINITY) before.at(-1)!.to = id
		}
	return executions.map(({ job_id, worker_id, outcome, started_at, ended_at }) => {
		const span = spans.get(job_id)?.shift()
		if (!span) throw new Error(`job ${names.get(job_id)} has an execution without an event`)
		return {
			...{ name: names.get(job_id)!, workerId: worker_id, fromEvent: span.from, toEvent: span.to },
			...{ startedAt: started_at.getTime(), endedAt: ended_at?.getTime() ?? null, completed: outcome === 'completed' },
		}
	})
}
