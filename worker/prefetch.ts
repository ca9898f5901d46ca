/** How much work a worker may hold unstarted: less than it does in this time, so that nothing waits here while others idle. */
const HORIZON_SECONDS = 0.05
/** A call for more jobs than this gains nothing: what a call costs is then spread thin. */
export const MAX_BATCH = 500
/** Two batches: one being worked on while the next is on its way. */
const MAX_PREFETCH = 2 * MAX_BATCH

/** Learns how long jobs take and answers how many to hold beside those that run: none where jobs are long. */
export class Prefetch {
	readonly #concurrency: number
	#meanSeconds: number | undefined

	constructor(concurrency: number) {
		this.#concurrency = concurrency
	}

	learn(seconds: number): void {
		// a long job counts at once, many short ones slowly win it back
		this.#meanSeconds =
			this.#meanSeconds === undefined ? seconds : Math.max(seconds / 16, this.#meanSeconds + (seconds - this.#meanSeconds) / 16)
	}

	/** How many to hold beside these that run. Nothing is claimed ahead behind jobs that all take long. */
	ahead(running: ReadonlyMap<string, { startedAt: number }>): number {
		if (running.size < this.#concurrency) return this.size
		const before = performance.now() - HORIZON_SECONDS * 1000
		for (const { startedAt } of running.values()) if (startedAt > before) return this.size
		return 0
	}

	get size(): number {
		if (this.#meanSeconds === undefined) return 0
		const size = Math.floor((this.#concurrency * HORIZON_SECONDS) / Math.max(this.#meanSeconds, 1e-6))
		return size < this.#concurrency ? 0 : Math.min(size, MAX_PREFETCH)
	}
}
