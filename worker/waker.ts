/** Correct alone, if every hint is lost; jittered so that workers do not look all at once. */
const POLL_MS = 1_000
/** A hint may be skipped for a commit just behind another's; the look after the look finds it. */
const LOOK_AGAIN_MS = 30

/** Decides when the loop looks for work: at a hint, when something is due, and now and then. */
export class Waker {
	#look = true
	#wake: () => void = () => {}
	#poll: NodeJS.Timeout | undefined
	#again: NodeJS.Timeout | undefined

	/** Whether it is time to look; saying so again is up to the hints and timers that follow. */
	get shouldLook(): boolean {
		return this.#look
	}

	looked(): void {
		this.#look = false
	}

	/** Something may be ready, now or in a moment. */
	hint(): void {
		clearTimeout(this.#again)
		this.#again = setTimeout(() => this.lookNow(), LOOK_AGAIN_MS)
		this.lookNow()
	}

	lookNow(): void {
		this.#look = true
		this.#wake()
	}

	/** Goes round the loop without looking: there is something to report. */
	wake(): void {
		this.#wake()
	}

	/** The next waiting job is due in so many seconds; null when none waits. */
	dueIn(seconds: number | null): void {
		const poll = POLL_MS * (0.8 + 0.4 * Math.random())
		const due = seconds === null ? poll : Math.max(0, seconds * 1000)
		clearTimeout(this.#poll)
		this.#poll = setTimeout(() => this.lookNow(), Math.min(poll, due))
	}

	/** Resolves at the next wake-up after this call. */
	next(): Promise<void> {
		return new Promise((resolve) => {
			this.#wake = resolve
		})
	}

	stop(): void {
		clearTimeout(this.#poll)
		clearTimeout(this.#again)
	}
}
