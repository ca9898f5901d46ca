/** Who waits for a job with `GET /jobs/:id?wait=30`. The stream wakes them; nobody polls for himself. */
import { call } from '../../db/calls.ts'
import type { Access } from '../access.ts'
import { repeat } from '../background.ts'
import type { Caller, Database } from '../database.ts'
import { doorKinds } from '../errors.ts'
import { Problem } from '../problem.ts'
import type { Hub } from '../stream/hub.ts'
import type { Message } from '../stream/messages.ts'
import type { Subscriber } from '../stream/subscribers.ts'
import type { Check } from './health.ts'
import type { JobRow, ShownJob } from './job.ts'
import { hasEnded, type Waiter, WaitRoom } from './wait-room.ts'
import { WaitSeats } from './wait-seats.ts'

/** How often one look at all jobs that are waited for makes up for an event that was not heard. */
const SWEEP_MS = 10_000
const SWEEP_IDS = 500
const ENDS = new Set(['job_completed', 'job_failed', 'job_cancelled'])

export interface Wait {
	caller: Caller
	jobId: string
	seconds: number
	/** Whether this is what the caller waits for; left out, the end of the job. */
	isEnough?: ((job: ShownJob) => boolean) | undefined
	/** The caller has gone. */
	gone: AbortSignal
}

export interface WaitsOptions {
	hub: Hub
	database: Database
	access: Pick<Access, 'watch'>
}

const keyEnded = (): Problem =>
	new Problem(doorKinds.unauthenticated, 'The API key has ended.', { hint: 'Ask again with a key that is valid.' })

/** What decides which jobs a caller sees: callers of whom this is the same share a look. */
const sightOf = ({ role, queues = null }: Caller): string => JSON.stringify([role, queues])

export class JobWaits implements Subscriber {
	readonly #hub: Hub
	readonly #database: Database
	readonly #access: Pick<Access, 'watch'>
	/** By the job's id and by who sees the same of it. */
	readonly #rooms = new Map<string, Map<string, WaitRoom>>()
	readonly #stopped = new AbortController()
	#sweeping: { stop: () => Promise<void> } | undefined
	readonly #seats = new WaitSeats()
	/** Those of them that have looked, and now wait. */
	#waiting = 0

	constructor({ hub, database, access }: WaitsOptions) {
		this.#hub = hub
		this.#database = database
		this.#access = access
	}

	check = (): Check => ({ status: 'ok', waiting: this.#waiting })

	/** The job as soon as it is what the caller waits for, or as it is when the time is over or the server stops. */
	async until({ caller, jobId, seconds, isEnough, gone }: Wait): Promise<ShownJob> {
		const over = AbortSignal.any([gone, this.#stopped.signal, AbortSignal.timeout(seconds * 1000)])
		const { promise, resolve, reject } = Promise.withResolvers<ShownJob | undefined>()
		promise.catch(() => {}) // it may fail before anyone awaits it
		over.addEventListener('abort', () => resolve(undefined), { once: true })
		const waiter: Waiter = { isEnough: isEnough ?? hasEnded, isCurious: isEnough !== undefined, tell: resolve, fail: reject }
		const room = this.#enter(caller, jobId, waiter)
		const unwatch = this.#access.watch(caller, () => reject(keyEnded()))
		try {
			await this.#hub.start()
			const first = await room.look() // after entering: what happens from now on is heard
			if (over.aborted || waiter.isEnough(first)) return first
			this.#waiting++
			const news = await promise.finally(() => this.#waiting--)
			return news ?? (gone.aborted ? first : await room.look())
		} finally {
			unwatch()
			this.#leave(caller, jobId, room, waiter)
		}
	}

	get isStopped(): boolean {
		return this.#stopped.signal.aborted
	}

	/** Answers everybody. */
	async stop(): Promise<void> {
		this.#stopped.abort()
		await this.#sweeping?.stop()
	}

	deliver({ topic, event, job }: Message): number {
		for (const room of (topic === 'job' && job && this.#rooms.get(job.id)?.values()) || [])
			if (ENDS.has(event) || [...room.waiters].some(({ isCurious }) => isCurious)) void room.lookForAll()
		return 0 // nobody is slow here
	}

	resync(): void {
		for (const rooms of this.#rooms.values()) for (const room of rooms.values()) void room.lookForAll()
	}

	isWorthWaiting(): boolean {
		return false
	}

	#enter(caller: Caller, jobId: string, waiter: Waiter): WaitRoom {
		const isFirst = this.#seats.areEmpty
		this.#seats.take(caller)
		if (isFirst) {
			this.#hub.add(this)
			this.#sweeping = repeat(SWEEP_MS, () => this.#sweep())
		}
		const rooms = this.#rooms.get(jobId) ?? new Map<string, WaitRoom>()
		const sight = sightOf(caller)
		const { role, queues = null } = caller
		const room = rooms.get(sight) ?? new WaitRoom(this.#database.as({ role, name: null, queues }), jobId)
		this.#rooms.set(jobId, rooms.set(sight, room))
		room.waiters.add(waiter)
		return room
	}

	#leave(caller: Caller, jobId: string, room: WaitRoom, waiter: Waiter): void {
		this.#seats.leave(caller)
		if (this.#seats.areEmpty) {
			this.#hub.remove(this)
			void this.#sweeping?.stop()
			this.#sweeping = undefined
		}
		room.waiters.delete(waiter)
		const rooms = this.#rooms.get(jobId)!
		if (room.waiters.size === 0) rooms.delete(sightOf(caller))
		if (rooms.size === 0) this.#rooms.delete(jobId)
	}

	async #sweep(): Promise<void> {
		const ids = [...this.#rooms.keys()]
		for (let n = 0; n < ids.length; n += SWEEP_IDS) {
			const asked = ids.slice(n, n + SWEEP_IDS)
			const rows = await call<JobRow>(this.#database.own, 'getJobs', [asked]).catch(() => undefined)
			if (!rows) return // away: the next sweep looks again
			const stamps = new Map(rows.map((row) => [row.job_id, WaitRoom.stampOf(row)]))
			for (const id of asked)
				for (const room of this.#rooms.get(id)?.values() ?? [])
					if (room.seen !== undefined && room.seen !== stamps.get(id)) void room.lookForAll()
		}
	}
}
