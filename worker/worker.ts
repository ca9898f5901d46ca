import os from 'node:os'
import { setTimeout as sleep, setImmediate as soon } from 'node:timers/promises'
import type pg from 'pg'
import { type Claim, call, callOne } from '../db/calls.ts'
import { makePool } from '../db/pool.ts'
import { encodeOutcomes } from './encode.ts'
import { Presence } from './presence.ts'
import { Reports } from './reports.ts'
import { Slots } from './slots.ts'
import { registration, type Task } from './task.ts'
import { Threads } from './threads.ts'

/** The part of pino that workers use. */
export type Logger = Record<'debug' | 'info' | 'warn' | 'error', (details: object, message: string) => void>

export interface WorkerOptions {
	connectionString: string
	/** For the session that listens and is watched; differs from the other only behind a transaction pooler. */
	directConnectionString?: string
	tasks: Task[]
	/** The module that exports `tasks`, for worker threads. */
	tasksModule: string
	log: Logger
	name?: string
	/** Handlers at a time. */
	concurrency: number
	cpuUnits: number
	memoryMb: number
	/** Worker threads at a time. */
	threads: number
	queues?: string[]
	shutdownGraceSeconds: number
}

/** Correct alone, if every hint is lost; jittered so that workers do not look all at once. */
const POLL_MS = 1_000
/** A hint may be skipped for a commit just behind another's; the look after the look finds it. */
const LOOK_AGAIN_MS = 30
/** Answers that say: you were declared dead, start anew. */
const ENDED = new Set(['TQ412', 'TQ404'])
/** Deadlocks and serialisation failures: nothing happened, say it again. */
const AGAIN = new Set(['40P01', '40001'])

/**
 * The thin worker: a loop around one round trip, `claim_next_job`, which records what has ended and takes what fits. While a
 * call is in flight results gather, and the next call carries them all.
 */
export class Worker {
	readonly #options: WorkerOptions
	readonly #pool: pg.Pool
	readonly #threads: Threads
	readonly #slots: Slots
	readonly #presence: Presence
	readonly #reports: Reports
	#id = ''
	#look = true
	#draining = false
	/** Whether a claim's answer may have been lost, with jobs in it that nobody runs. */
	#unsure = false
	#failures = 0
	#wake: () => void = () => {}
	#timers: Record<'poll' | 'again', NodeJS.Timeout | undefined> = { poll: undefined, again: undefined }
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
		this.#slots = new Slots({ concurrency, tasks: byType, threads: this.#threads, db: this.#pool, onOutcome: () => this.#wake() })
		this.#presence = new Presence({
			connectionString: directConnectionString,
			log,
			onHint: () => this.#hint(),
			onCancel: () => this.#hint(),
		})
		this.#reports = new Reports(this.#pool, log, {
			running: () => this.#slots.running,
			onCancel: (jobId) => this.#slots.stop(jobId, 'cancelled'),
			onEnded: () => this.#hint(),
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
		this.#wake()
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
		const { cpuUnits, memoryMb, concurrency, queues, name = `${os.hostname()}:${process.pid}`, log, tasks } = this.#options
		const args = [name, tasks.map(({ type }) => type), cpuUnits, memoryMb, concurrency, queues ?? null]
		this.#id = (await callOne<{ worker_id: string }>(this.#pool, 'registerWorker', args)).worker_id
		await this.#presence.hold(this.#id)
		this.#reports.start(this.#id)
		log.info({ workerId: this.#id, concurrency, cpuUnits, memoryMb }, 'the worker is ready')
	}

	#hint(): void {
		this.#look = true
		clearTimeout(this.#timers.again)
		this.#timers.again = setTimeout(() => {
			this.#look = true
			this.#wake()
		}, LOOK_AGAIN_MS)
		this.#wake()
	}

	async #loop(): Promise<void> {
		while (!(this.#draining && this.#slots.isEmpty)) {
			const woken = new Promise<void>((resolve) => {
				this.#wake = resolve
			})
			await soon() // what ends at once has ended then, and one call carries it all
			this.#slots.returnWaiting(this.#draining)
			const room = this.#draining ? 0 : this.#slots.room
			if (this.#slots.hasOutcomes || (this.#look && room > 0)) await this.#exchange(room)
			else await woken
		}
		for (const timer of Object.values(this.#timers)) clearTimeout(timer)
	}

	/** The one round trip. */
	async #exchange(room: number): Promise<void> {
		const outcomes = this.#slots.takeOutcomes()
		this.#look = false
		try {
			if (this.#unsure)
				await call(this.#pool, 'releaseUnknownClaims', [this.#id, this.#slots.claimIds.concat(outcomes.map((o) => o.claim_id))])
			this.#unsure = false
			const claim = await callOne<Claim>(this.#pool, 'claimNextJob', [
				this.#id,
				room,
				outcomes.length > 0 ? encodeOutcomes(outcomes) : null,
			])
			this.#failures = 0
			this.#take(claim, room)
		} catch (error) {
			this.#slots.keepOutcomes(outcomes)
			await this.#recover(error as Error & { code?: string })
		}
	}

	#take(claim: Claim, room: number): void {
		if (claim.jobs.length > 0) this.#slots.add(claim.claim_id!, claim.jobs)
		for (const jobId of claim.cancel_requested) this.#slots.stop(jobId, 'cancelled')
		if (claim.rejected.length > 0) this.#options.log.warn({ jobIds: claim.rejected }, 'outcomes not recorded: their claims were lost')
		if (room > 0 && claim.jobs.length > 0) this.#look = true

		const poll = POLL_MS * (0.8 + 0.4 * Math.random())
		const due = claim.next_due_in_seconds === null ? poll : Math.max(0, claim.next_due_in_seconds * 1000)
		clearTimeout(this.#timers.poll)
		this.#timers.poll = setTimeout(
			() => {
				this.#look = true
				this.#wake()
			},
			Math.min(poll, due),
		)
	}

	async #recover(error: Error & { code?: string }): Promise<void> {
		this.#look = true
		if (AGAIN.has(error.code ?? '')) return
		if (ENDED.has(error.code ?? '')) {
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
