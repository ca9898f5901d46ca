import { statements } from '../../db/calls.ts'

/** What a committed statement answered that must be found in the history. */
export interface Ack {
	claim_id: string
	job_id: string
	outcome: string
}

/** What one order is played on: jobs, workers and claims of its own. */
export interface Scene {
	type: string
	jobs: Record<string, string>
	workers: Record<string, string>
	/** The claim of each job that was claimed before the sessions began. */
	claims: Record<string, string>
	/** The jobs that an idempotency key was answered with. */
	keys: Record<string, Set<string>>
	/** Edges that were added to jobs that were there: child, parent. */
	added: Set<string>
	/** Workers that were told that they live: nobody is silent for long enough after that. */
	alive: Set<string>
	maxRunning?: number
}

/** What one session knows. */
export interface Memory {
	claims: Record<string, string>
	acks: Ack[]
	/** What is true once it has committed. */
	onCommit: (() => void)[]
}

type Row = Record<string, any>

/** One statement of a session. */
export interface Step {
	name: string
	sql: string
	values: (scene: Scene, me: Memory) => unknown[]
	/** What its answer means; `sent` are its values. */
	got?: (rows: Row[], context: { scene: Scene; me: Memory; sent: any[] }) => void
}

const MINE = 'mine'

/** The claim that a session names: its own, or the one from before; of `mine`, the last job that it has claimed. */
function held({ jobs, claims }: Scene, me: Memory, job: string): { claim_id: string; job_id: string } {
	const job_id = job === MINE ? (Object.keys(me.claims).at(-1) ?? Object.values(jobs)[0]!) : jobs[job]!
	return { claim_id: me.claims[job_id] ?? (job === MINE ? '0' : (claims[job_id] ?? '0')), job_id }
}

const keep = ([row]: Row[], me: Memory): void => {
	for (const { job_id } of row!.jobs) me.claims[job_id] = row!.claim_id
}

export const claim = (worker: string, maxJobs = 1): Step => ({
	name: `claim ${worker}`,
	sql: statements.claimNextJob,
	values: ({ workers }) => [workers[worker], maxJobs, null],
	got: (rows, { me }) => keep(rows, me),
})

/** Reports an outcome, and claims in the same call. */
export const report = (worker: string, job: string, outcome = 'completed', maxJobs = 0): Step => ({
	name: `report ${job} ${outcome}`,
	sql: statements.claimNextJob,
	values: (scene, me) => [
		scene.workers[worker],
		maxJobs,
		JSON.stringify([{ ...held(scene, me, job), outcome, fatal: outcome === 'failed' }]),
	],
	got(rows, { me, sent }) {
		if (!rows[0]!.rejected.length) me.acks.push(JSON.parse(sent[2])[0])
		keep(rows, me)
	},
})

export const complete = (job = MINE): Step => ({
	name: `complete ${job}`,
	sql: 'select taskq.complete_job($1, $2)',
	values: (scene, me) => Object.values(held(scene, me, job)),
	got: (_rows, { me, sent: [claim_id, job_id] }) => void me.acks.push({ claim_id, job_id, outcome: 'completed' }),
})

export const fail = (job = MINE, fatal = true): Step => ({
	name: `fail ${job}`,
	sql: `select taskq.fail_job($1, $2, 'broken', $3)`,
	values: (scene, me) => [...Object.values(held(scene, me, job)), fatal],
	got: (_rows, { me, sent: [claim_id, job_id] }) => void me.acks.push({ claim_id, job_id, outcome: 'failed' }),
})

export const progress = (job = MINE): Step => ({
	name: `progress ${job}`,
	sql: 'select taskq.report_progress($1, $2, 50)',
	values: (scene, me) => Object.values(held(scene, me, job)),
})

export const heartbeat = (worker: string): Step => ({
	name: `heartbeat ${worker}`,
	sql: 'select taskq.heartbeat($1)',
	values: ({ workers }) => [workers[worker]],
	got: (_rows, { scene, me }) => void me.onCommit.push(() => scene.alive.add(worker)),
})

/** The claims that a worker knows of: none. */
export const releaseUnknown = (worker: string): Step => ({
	name: `release what ${worker} does not know of`,
	sql: `select taskq.release_unknown_claims($1, '{}')`,
	values: ({ workers }) => [workers[worker]],
})

export const stop = (worker: string): Step => ({
	name: `stop ${worker}`,
	sql: statements.stopWorker,
	values: ({ workers }) => [workers[worker]],
})
