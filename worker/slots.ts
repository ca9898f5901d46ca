import type { ClaimedJob, Outcome } from '../db/calls.ts'
import type { Queryable } from '../db/pool.ts'
import { execute } from './execute.ts'
import { Gathered } from './gathered.ts'
import { MAX_BATCH, Prefetch } from './prefetch.ts'
import { RunningJob, type StopReason } from './running-job.ts'
import type { Task } from './task.ts'
import type { Threads } from './threads.ts'

export interface SlotsOptions {
	concurrency: number
	tasks: Map<string, Task>
	threads: Threads
	/** For what handlers ask of the database. */
	db: Queryable
	/** An outcome has come. */
	onOutcome: () => void
}

/** A job claimed ahead that waits longer than this behind a slow one goes back to the queue. */
const RETURN_AFTER_MS = 1_000

/** What the worker holds: jobs that run, a few claimed ahead, and the outcomes that have gathered for the next call. */
export class Slots {
	readonly #options: SlotsOptions
	readonly #prefetch: Prefetch
	readonly #running = new Map<string, RunningJob>()
	#waiting: RunningJob[] = []
	readonly #outcomes = new Gathered()
	#isToStart = false
	#isClosed = false

	constructor(options: SlotsOptions) {
		this.#options = options
		this.#prefetch = new Prefetch(options.concurrency)
	}

	/** How many jobs more it would take. */
	get room(): number {
		const { concurrency } = this.#options
		const ahead = this.#prefetch.ahead(this.#running)
		const unreported = this.#outcomes.count < MAX_BATCH ? 0 : this.#outcomes.count // no more is taken than can be reported
		return Math.max(0, Math.min(MAX_BATCH, concurrency + ahead - this.#running.size - this.#waiting.length - unreported))
	}

	get running(): Iterable<RunningJob> {
		return this.#running.values()
	}

	/** None while more of the same claim are a moment away: a claim that ends whole is not written again for what is left of it. */
	get outcomeCount(): number {
		const isMidClaim = this.#isToStart && this.#running.size === 0 && this.#waiting[0]?.claimId === this.#outcomes.lastClaimId
		return isMidClaim ? 0 : this.#outcomes.count
	}

	get isEmpty(): boolean {
		return this.#running.size === 0 && this.#waiting.length === 0 && this.#outcomes.count === 0
	}

	/** Whether anything waits here for a free hand. */
	get isAhead(): boolean {
		return this.#waiting.length > 0
	}

	get claimIds(): string[] {
		const held = [...this.#running.values(), ...this.#waiting].map((job) => job.claimId)
		return [...new Set([...held, ...this.#outcomes.claimIds])]
	}

	takeOutcomes(): Outcome[] {
		return this.#outcomes.take(this.outcomeCount)
	}

	keepOutcomes(outcomes: Outcome[]): void {
		this.#outcomes.keep(outcomes)
	}

	/** Takes claimed jobs and starts what there are free hands for. */
	add(claimId: string, jobs: ClaimedJob[]): void {
		for (const claimed of jobs)
			this.#waiting.push(new RunningJob(claimId, claimed, this.#options.tasks.get(claimed.type)!, this.#options.db))
		if (this.#isClosed) this.#giveBack(() => true)
		else this.#start()
	}

	/** Asks a job to stop; one that has not started never does. */
	stop(jobId: string, reason: StopReason): void {
		this.#running.get(jobId)?.stop(reason)
		if (this.#waiting.some((job) => job.id === jobId))
			this.#giveBack((job) => job.id === jobId, reason === 'cancelled' ? 'cancelled' : 'released')
	}

	stopAll(reason: StopReason): void {
		this.#giveBack(() => true)
		for (const job of this.#running.values()) job.stop(reason)
	}

	/** Gives back what was claimed ahead and has waited too long. */
	returnWaiting(): void {
		const before = performance.now() - RETURN_AFTER_MS
		if (this.#waiting[0] && this.#waiting[0].claimedAt < before) this.#giveBack((job) => job.claimedAt < before)
	}

	/** Starts nothing more: gives back what was claimed ahead, and what the answer to a call that is under way may bring. */
	close(): void {
		this.#isClosed = true
		this.#giveBack(() => true)
	}

	/** Drops everything without a word: the claims are lost. */
	forget(): void {
		for (const job of this.#running.values()) job.stop('claim_lost')
		this.#running.clear()
		this.#waiting = []
		this.#outcomes.forget()
	}

	#giveBack(which: (job: RunningJob) => boolean, outcome: 'released' | 'cancelled' = 'released'): void {
		const given = this.#waiting.filter(which)
		this.#waiting = this.#waiting.filter((job) => !which(job))
		this.#outcomes.add(...given.map((job) => job.outcome(outcome)))
		if (given.length > 0) this.#options.onOutcome()
	}

	/**
	 * Starts what there are free hands for; of jobs that end at once, as many of a claim as there are hands, and the others after
	 * whatever else is to be done: the next claim is under way while they run.
	 */
	#start(): void {
		const { concurrency } = this.#options
		const claimId = this.#waiting[0]?.claimId
		for (let started = 0; started < concurrency && this.#running.size < concurrency && this.#waiting[0]?.claimId === claimId; started++) {
			const job = this.#waiting.shift()
			if (!job) break
			const outcome = execute(job, this.#options.threads)
			if (outcome instanceof Promise) {
				this.#running.set(job.id, job)
				void outcome.then((ended) => this.#end(job, ended))
			} else this.#gather(job, outcome)
		}
		if (this.#waiting.length > 0 && this.#running.size < concurrency) this.#startLater()
		if (this.#outcomes.count > 0) this.#options.onOutcome()
	}

	#startLater(): void {
		if (this.#isToStart) return
		this.#isToStart = true
		setImmediate(() => {
			this.#isToStart = false
			this.#start()
		})
	}

	#end(job: RunningJob, outcome: Outcome): void {
		if (this.#running.get(job.id) !== job) return // its claim was lost meanwhile
		this.#running.delete(job.id)
		this.#gather(job, outcome)
		this.#start()
	}

	#gather(job: RunningJob, outcome: Outcome): void {
		this.#prefetch.learn((performance.now() - job.startedAt) / 1000)
		this.#outcomes.add(outcome)
	}
}
