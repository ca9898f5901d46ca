import type pg from 'pg'
import { type Claim, call, callOne, type Outcome, type Submitted } from '../db/calls.ts'
import { setClock } from './simulate-database.ts'
import type { Job, Machine, Placement, Scheduler, Started } from './simulate-jobs.ts'

const TYPE = 'swf'
/** The most that timeout_seconds and expected_seconds take. */
const LONGEST_SECONDS = 2_592_000
/** More than an instant has. */
const MAX_JOBS = 1000

/** The stored functions decide: at each step, jobs are submitted, and each worker reports what has ended and claims until it gets nothing. */
export class TaskqScheduler implements Scheduler {
	/** Milliseconds of each call of claim_next_job, by the caller's clock. */
	readonly claimTimes: number[] = []
	readonly #session: pg.Client
	readonly #workers: string[] = []
	readonly #jobs = new Map<string, Job>()
	/** Of the jobs that run. */
	readonly #claims = new Map<Job, { claim_id: string; job_id: string }>()

	private constructor(session: pg.Client) {
		this.#session = session
	}

	/** Registers the workers, in a session of openSession(). */
	static async start(session: pg.Client, { workers, processors, memoryMb }: Machine, reserveAfter: number): Promise<TaskqScheduler> {
		const scheduler = new TaskqScheduler(session)
		await call(session, 'configure', [null, null, null, reserveAfter])
		await setClock(session, 0)
		await call(session, 'registerTaskTypes', [JSON.stringify([{ type: TYPE, max_attempts: 1 }])])
		for (let n = 1; n <= workers; n++) {
			const values = [`worker ${n}`, [TYPE], processors, memoryMb, MAX_JOBS, null, '{}']
			scheduler.#workers.push((await callOne<{ worker_id: string }>(session, 'registerWorker', values)).worker_id)
		}
		return scheduler
	}

	async step(now: number, submitted: Job[], ended: Placement[]): Promise<Started[]> {
		await setClock(this.#session, now)
		if (submitted.length > 0) await this.#submit(submitted)
		const started: Started[] = []
		for (const worker of this.#workers.keys()) {
			const mine = ended.filter((placement) => placement.worker === worker)
			started.push(...(await this.#claim(worker, mine)).map((job) => ({ job, worker })))
		}
		return started
	}

	/** Those of one instant in one call, so that their order is that of the trace. */
	async #submit(jobs: Job[]): Promise<void> {
		const answers = await call<Submitted>(this.#session, 'submitEach', [JSON.stringify(jobs.map(requestOf))])
		for (const { job_id, position, error } of answers) {
			if (error) throw new Error(`taskq refuses job ${jobs[position]!.number}: ${error.message}`)
			this.#jobs.set(job_id!, jobs[position]!)
		}
	}

	/** As workers do, it asks again as long as it gets something. */
	async #claim(worker: number, ended: Placement[]): Promise<Job[]> {
		const started: Job[] = []
		let outcomes = ended.length > 0 ? JSON.stringify(ended.map(({ job }) => this.#outcomeOf(job))) : null
		for (;;) {
			const began = performance.now()
			const claim = await callOne<Claim>(this.#session, 'claimNextJob', [this.#workers[worker], MAX_JOBS, outcomes])
			this.claimTimes.push(performance.now() - began)
			if (claim.rejected.length > 0) throw new Error(`taskq has lost the claims of ${claim.rejected.join(', ')}`)
			if (claim.claim_id === null) return started
			for (const { job_id } of claim.jobs) {
				const job = this.#jobs.get(job_id)!
				this.#claims.set(job, { claim_id: claim.claim_id, job_id })
				started.push(job)
			}
			outcomes = null
		}
	}

	#outcomeOf(job: Job): Outcome {
		const claim = this.#claims.get(job)!
		this.#claims.delete(job)
		this.#jobs.delete(claim.job_id)
		return { ...claim, outcome: 'completed', duration_seconds: job.run }
	}
}

const requestOf = ({ number, run, expected, processors, memoryMb }: Job): Record<string, unknown> => ({
	type: TYPE,
	payload: { number },
	resource_requirements: { cpu_units: processors, memory_mb: memoryMb },
	expected_seconds: Math.min(expected, LONGEST_SECONDS),
	timeout_seconds: Math.min(Math.ceil(Math.max(run, expected)), LONGEST_SECONDS),
})
