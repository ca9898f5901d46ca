import type pg from 'pg'
import { call, callOne } from '../db/calls.ts'
import { encodeJson } from './encode.ts'
import { LoadMeter } from './load.ts'
import type { Logger } from './options.ts'
import type { RunningJob } from './running-job.ts'

export interface ReportsOptions {
	running: () => Iterable<RunningJob>
	/** A job was asked to stop. */
	onCancel: (jobId: string) => void
	/** The database no longer counts this worker among the living. */
	onEnded: () => void
}

const HEARTBEAT_MS = 10_000
/** The database notices a dead worker on two ticks, so this bounds how soon its jobs run elsewhere. */
const TICK_MS = 700
const FLUSH_MS = 500

/** What a worker says beside its loop: that it lives, how far its jobs are, what they log; and its part in `tick()`. */
export class Reports {
	readonly #pool: pg.Pool
	readonly #log: Logger
	readonly #options: ReportsOptions
	readonly #meter = new LoadMeter()
	#timers: NodeJS.Timeout[] = []

	constructor(pool: pg.Pool, log: Logger, options: ReportsOptions) {
		this.#pool = pool
		this.#log = log
		this.#options = options
	}

	start(workerId: string): void {
		this.stop()
		this.#timers = [
			this.#every(HEARTBEAT_MS, () => this.#heartbeat(workerId)),
			this.#every(TICK_MS, () => call(this.#pool, 'tick')),
			this.#every(FLUSH_MS, () => this.#flush()),
		]
		void this.#heartbeat(workerId).catch(() => {}) // so that its load is known at once; the next one comes anyway
	}

	stop(): void {
		for (const timer of this.#timers) clearInterval(timer)
	}

	/** Not before the last one has ended; what fails is tried again at the next. */
	#every(ms: number, run: () => Promise<unknown>): NodeJS.Timeout {
		let busy = false
		return setInterval(
			async () => {
				if (busy) return
				busy = true
				await run().catch((err) => this.#log.warn({ err }, 'a report to the database failed'))
				busy = false
			},
			ms * (0.9 + 0.2 * Math.random()),
		)
	}

	async #heartbeat(workerId: string): Promise<void> {
		try {
			const { cancel_requested } = await callOne<{ cancel_requested: string[] }>(this.#pool, 'heartbeat', [
				workerId,
				encodeJson(this.#meter.read()),
			])
			for (const id of cancel_requested) this.#options.onCancel(id)
		} catch (error) {
			if ((error as { code?: string }).code === 'TQ412') this.#options.onEnded()
			else throw error
		}
	}

	/** Lines and progress of jobs that are still running; those that end bring theirs along. */
	async #flush(): Promise<void> {
		const entries = []
		for (const job of this.#options.running()) {
			for (const line of job.takeLines()) entries.push({ claim_id: job.claimId, job_id: job.id, ...line })
			const reported = job.reported
			job.reported = undefined
			if (reported)
				await call(this.#pool, 'reportProgress', [job.claimId, job.id, reported.percent, encodeJson(reported.data)]).catch(
					this.#onReject(job),
				)
		}
		if (entries.length > 0) await call(this.#pool, 'logJobs', [encodeJson(entries)])
	}

	/** A handler whose claim was lost works for nothing; it is told so. */
	#onReject(job: RunningJob): (error: { code?: string }) => void {
		return (error) => {
			if (error.code === 'TQ411') job.stop('claim_lost')
			else throw error
		}
	}
}
