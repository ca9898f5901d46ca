import { callOne } from '../../db/calls.ts'
import type { Queryable } from '../../db/pool.ts'
import { doorKinds } from '../errors.ts'
import { problemOf } from '../problem.ts'
import { type JobRow, type ShownJob, shapeJob } from './job.ts'

const AGAIN_MS = 1_000
const ENDED = new Set(['completed', 'failed', 'cancelled'])

export const hasEnded = ({ status }: Pick<ShownJob, 'status'>): boolean => ENDED.has(status)

export interface Waiter {
	/** Whether this is what the caller waits for. */
	isEnough: (job: ShownJob) => boolean
	/** Whether it may be so before the job ends. */
	isCurious: boolean
	tell: (job: ShownJob) => void
	fail: (error: unknown) => void
}

/** All callers of a role, with keys for the same queues, that wait for a job: what is seen for one is seen for all. */
export class WaitRoom {
	readonly waiters = new Set<Waiter>()
	/** Status and attempt when it was last looked at; undefined before. */
	seen: string | undefined
	readonly #db: Queryable
	readonly #jobId: string
	#looking = false
	#again = false

	constructor(db: Queryable, jobId: string) {
		this.#db = db
		this.#jobId = jobId
	}

	static stampOf = ({ status, attempt }: Pick<ShownJob, 'status' | 'attempt'>): string => `${status} ${attempt}`

	async look(): Promise<ShownJob> {
		const { job } = await callOne<{ job: JobRow }>(this.#db, 'getJob', [this.#jobId])
		this.seen = WaitRoom.stampOf(job)
		return shapeJob(job)
	}

	/** Looks once for all; asked for during a look, another follows, since that one may have come too early. */
	async lookForAll(): Promise<void> {
		this.#again = true
		if (this.#looking) return
		this.#looking = true
		while (this.#again && this.waiters.size > 0) {
			this.#again = false
			await this.#tellAll()
		}
		this.#looking = false
	}

	async #tellAll(): Promise<void> {
		try {
			const job = await this.look()
			for (const { isEnough, tell } of this.waiters) if (isEnough(job)) tell(job)
		} catch (error) {
			if (problemOf(error).kind === doorKinds.database_unavailable) setTimeout(() => void this.lookForAll(), AGAIN_MS).unref()
			else for (const { fail } of this.waiters) fail(error)
		}
	}
}
