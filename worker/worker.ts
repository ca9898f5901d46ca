import os from 'node:os'
import { setImmediate as soon } from 'node:timers/promises'
import type pg from 'pg'
import { type Claim, call, callOne } from '../db/calls.ts'
import { makePool } from '../db/pool.ts'
import { isPooled } from '../db/pooled.ts'
import { type DatabaseError, isEnded, isPassing } from './exchange.ts'
import type { WorkerOptions } from './options.ts'
import { Presence } from './presence.ts'
import { Reporter } from './reporter.ts'
import { Reports } from './reports.ts'
import { Setbacks } from './setbacks.ts'
import { Slots } from './slots.ts'
import { registration } from './task.ts'
import { Threads } from './threads.ts'
import { Waker } from './waker.ts'

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
	readonly #reporter: Reporter
	readonly #waker = new Waker()
	readonly #setbacks = new Setbacks()
	#id = ''
	#draining = false
	#looping: Promise<void> | undefined

	constructor(options: WorkerOptions) {
		this.#options = options
		const { connectionString, directConnectionString = connectionString, log, concurrency, tasks, threads, tasksModule, memoryMb } = options
		this.#pool = makePool({
			connectionString,
			pooled: isPooled(connectionString, directConnectionString),
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
			others: this.#pool,
			log,
			onHint: () => this.#waker.hint(),
			onCancel: () => this.#waker.hint(),
		})
		this.#reports = new Reports(this.#pool, log, {
			running: () => this.#slots.running,
			onCancel: (jobId) => this.#slots.stop(jobId, 'cancelled'),
			onEnded: () => this.#waker.hint(),
		})
		this.#reporter = new Reporter({
			...{ db: this.#pool, log, slots: this.#slots },
			onAnswer: (answer) => this.#heed(answer),
			onFree: () => this.#onOutcome(),
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
		this.#slots.close()
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
		while (!(this.#draining && ((this.#slots.isEmpty && this.#reporter.isFree) || this.#setbacks.areMany))) {
			const woken = this.#waker.next()
			await soon() // what ends at once has ended then, and one call carries it all
			this.#slots.returnWaiting()
			this.#reporter.reportMany(() => this.#id)
			const room = this.#draining ? 0 : this.#slots.room
			if (this.#reporter.hasFew || (this.#waker.shouldLook && room > 0)) await this.#exchange(room)
			else {
				if (this.#slots.isAhead) this.#waker.dueIn(null) // what is claimed ahead may have to go back
				await woken
			}
		}
		this.#waker.stop()
	}

	#onOutcome(): void {
		this.#reporter.reportMany(() => this.#id)
		this.#waker.wake()
	}

	async #exchange(room: number): Promise<void> {
		this.#waker.looked()
		try {
			this.#take(await this.#reporter.exchange(this.#id, room), room)
			this.#setbacks.over()
		} catch (error) {
			await this.#recover(error as DatabaseError)
		}
	}

	#take(claim: Claim, room: number): void {
		if (claim.jobs.length > 0) this.#slots.add(claim.claim_id!, claim.jobs)
		this.#waker.dueIn(claim.next_due_in_seconds)
		this.#heed(claim)
		if (room > 0 && claim.jobs.length >= room) this.#waker.lookNow() // there may be more
	}

	#heed(answer: Claim): void {
		for (const jobId of answer.cancel_requested) this.#slots.stop(jobId, 'cancelled')
		if (answer.next_due_in_seconds === 0) this.#waker.lookNow() // what has ended may have made room for more
	}

	async #recover(error: DatabaseError): Promise<void> {
		this.#waker.lookNow()
		if (isPassing(error)) return
		if (isEnded(error)) {
			this.#options.log.warn({ err: error, workerId: this.#id }, 'the database gave this worker up; it starts anew')
			this.#slots.forget()
			await this.#register().catch((err) => this.#options.log.warn({ err }, 'could not register'))
		} else {
			this.#reporter.doubt()
			this.#options.log.warn({ err: error }, 'the database did not answer; trying again')
		}
		await this.#setbacks.wait()
	}
}
