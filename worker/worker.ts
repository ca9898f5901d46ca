import os from 'node:os'
import { setTimeout as sleep, setImmediate as soon } from 'node:timers/promises'
import type pg from 'pg'
import { type Claim, call, callOne, type Outcome } from '../db/calls.ts'
import { makePool } from '../db/pool.ts'
import { Aside } from './aside.ts'
import { type DatabaseError, exchange, isEnded, isPassing, isUnstorable, reportEach } from './exchange.ts'
import type { WorkerOptions } from './options.ts'
import { Presence } from './presence.ts'
import { Reports } from './reports.ts'
import { Slots } from './slots.ts'
import { registration } from './task.ts'
import { Threads } from './threads.ts'
import { Waker } from './waker.ts'

/** A stopping worker whose database is away gives up after so many tries; its jobs run again elsewhere. */
const GIVE_UP_AFTER = 6

/**
 * The thin worker: a loop around one round trip, `claim_next_job`, which records what has ended and takes what fits. While a
 * call is in flight results gather, and the next call carries them all, or a call beside it if they are many.
 */
export class Worker {
	readonly #options: WorkerOptions
	readonly #pool: pg.Pool
	readonly #threads: Threads
	readonly #slots: Slots
	readonly #presence: Presence
	readonly #reports: Reports
	readonly #waker = new Waker()
	readonly #aside = new Aside()
	#id = ''
	#draining = false
	/** Whether a claim's answer may have been lost, with jobs in it that nobody runs. */
	#unsure = false
	#failures = 0
	#looping: Promise<void> | undefined

	constructor(options: WorkerOptions) {
		this.#options = options
		const { connectionString, directConnectionString = connectionString, log, concurrency, tasks, threads, tasksModule, memoryMb } = options
		this.#pool = makePool({
			connectionString,
			role: 'taskq_worker',
			name: 'taskq worker',
			max: 4,
			onError: (err) => log.warn({ err }, 'an idle connection broke'),
		})
		this.#threads = new Threads({ size: threads, tasksModule, memoryMb: Math.max(64, Math.floor(memoryMb / threads)) })
		const byType = new Map(tasks.map((task) => [task.type, task]))
		this.#slots = new Slots({ concurrency, tasks: byType, threads: this.#threads, db: this.#pool, onOutcome: () => this.#onOutcome() })
		this.#presence = new Presence({
			connectionString: directConnectionString,
			log,
			onHint: () => this.#waker.hint(),
			onCancel: () => this.#waker.hint(),
		})
		this.#reports = new Reports(this.#pool, log, {
			running: () => this.#slots.running,
			onCancel: (jobId) => this.#slots.stop(jobId, 'cancelled'),
			onEnded: () => this.#waker.hint(),
		})
	}

	get id(): string {
		return this.#id
	}

	/** Registers its types and itself, and begins to work. Rejects while the database is away. */
	async start(): Promise<void> {
		await call(this.#pool, 'registerTaskTypes', [JSON.stringify(this.#options.tasks.map(registration))])
		await this.#register()
		this.#looping = this.#loop()
	}

	/** Finishes what runs within the grace, gives back the rest, and says goodbye. */
	async stop(): Promise<void> {
		this.#draining = true
		this.#slots.returnWaiting(true)
		this.#waker.wake()
		const giveUp = setTimeout(() => this.#slots.stopAll('shutdown'), this.#options.shutdownGraceSeconds * 1000)
		await this.#looping
		clearTimeout(giveUp)
		this.#reports.stop()
		if (this.#id)
			await call(this.#pool, 'stopWorker', [this.#id]).catch((err) =>
				this.#options.log.warn({ err }, 'could not say goodbye; the database will notice'),
			)
		await this.#presence.end()
		await this.#threads.close()
		await this.#pool.end()
	}

	async #register(): Promise<void> {
		const { cpuUnits, memoryMb, resources = {}, concurrency, queues, name = `${os.hostname()}:${process.pid}`, log, tasks } = this.#options
		const args = [name, tasks.map(({ type }) => type), cpuUnits, memoryMb, concurrency, queues ?? null, JSON.stringify(resources)]
		this.#id = (await callOne<{ worker_id: string }>(this.#pool, 'registerWorker', args)).worker_id
		await this.#presence.hold(this.#id)
		this.#reports.start(this.#id)
		log.info({ workerId: this.#id, concurrency, cpuUnits, memoryMb, resources }, 'the worker is ready')
	}

	async #loop(): Promise<void> {
		while (!(this.#draining && ((this.#slots.isEmpty && this.#aside.isFree) || this.#failures > GIVE_UP_AFTER))) {
			const woken = this.#waker.next()
			await soon() // what ends at once has ended then, and one call carries it all
			this.#slots.returnWaiting(this.#draining)
			this.#reportMany()
			const room = this.#draining ? 0 : this.#slots.room
			if (this.#hasFew || (this.#waker.shouldLook && room > 0)) await this.#exchange(room)
			else {
				if (this.#slots.isAhead) this.#waker.dueIn(null) // what is claimed ahead may have to go back
				await woken
			}
		}
		this.#waker.stop()
	}

	/** Whether there is something to report that goes with an exchange. */
	get #hasFew(): boolean {
		const count = this.#slots.outcomeCount
		return count > 0 && !this.#aside.isFor(count)
	}

	#onOutcome(): void {
		this.#reportMany()
		this.#waker.wake()
	}

	/** Many go at once, whether or not an exchange is under way. */
	#reportMany(): void {
		if (this.#aside.isFree && this.#aside.isFor(this.#slots.outcomeCount)) void this.#reportAside(this.#slots.takeOutcomes())
	}

	async #reportAside(outcomes: Outcome[]): Promise<void> {
		const id = this.#id
		try {
			const answer = await this.#aside.report(this.#pool, id, outcomes)
			this.#heed(answer)
			if (answer.next_due_in_seconds === 0) this.#waker.lookNow() // what these held is free
		} catch (err) {
			this.#options.log.warn({ err, outcomes: outcomes.length }, 'a report was not answered; it is said again')
			if (id === this.#id) this.#slots.keepOutcomes(outcomes)
		}
		this.#aside.done()
		this.#onOutcome()
	}

	/** Says what has ended and takes what fits; what could not be recorded is kept for the next time. */
	async #exchange(room: number): Promise<void> {
		const outcomes = this.#hasFew ? this.#slots.takeOutcomes() : []
		this.#waker.looked()
		try {
			if (this.#unsure)
				await call(this.#pool, 'releaseUnknownClaims', [
					this.#id,
					this.#slots.claimIds.concat([...outcomes, ...this.#aside.outcomes].map((o) => o.claim_id)),
				])
			this.#unsure = false
			this.#take(await exchange(this.#pool, this.#id, room, outcomes), room)
			this.#failures = 0
			this.#aside.recovered()
		} catch (thrown) {
			const error = thrown as DatabaseError
			this.#slots.keepOutcomes(isUnstorable(error) ? await reportEach(this.#pool, this.#id, outcomes) : outcomes)
			await this.#recover(error)
		}
	}

	#take(claim: Claim, room: number): void {
		if (claim.jobs.length > 0) this.#slots.add(claim.claim_id!, claim.jobs)
		this.#heed(claim)
		this.#waker.dueIn(claim.next_due_in_seconds)
		if (room > 0 && claim.jobs.length >= room) this.#waker.lookNow() // there may be more
	}

	#heed(claim: Claim): void {
		for (const jobId of claim.cancel_requested) this.#slots.stop(jobId, 'cancelled')
		if (claim.rejected.length > 0) this.#options.log.warn({ jobIds: claim.rejected }, 'outcomes not recorded: their claims were lost')
	}

	async #recover(error: DatabaseError): Promise<void> {
		this.#waker.lookNow()
		if (isPassing(error)) return
		if (isEnded(error)) {
			this.#options.log.warn({ err: error, workerId: this.#id }, 'the database gave this worker up; it starts anew')
			this.#slots.forget()
			await this.#register().catch((err) => this.#options.log.warn({ err }, 'could not register'))
		} else {
			this.#unsure = true
			this.#options.log.warn({ err: error }, 'the database did not answer; trying again')
		}
		await sleep(Math.random() * Math.min(100 * 2 ** this.#failures++, 5_000))
	}
}
