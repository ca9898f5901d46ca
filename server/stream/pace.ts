/** How far a reader of the stream may fall behind, whatever holds what waits for it. */
import { setTimeout as sleep } from 'node:timers/promises'

/** What may wait for a reader before it is let go; it can resume. */
const MAX_WAITING = 2 ** 20
/** What may wait while others wait for this reader, and how long they do until it has read everything. */
const MAX_WAITING_AT_PACE = 2 ** 19
const PATIENCE_MS = 1_000
/** A replay goes at the reader's pace. */
const MAX_WAITING_REPLAY = 2 ** 18
const ROOM_MS = 20

/** The pace of one reader. */
export class Pace {
	/** How many bytes wait for it. */
	readonly #waiting: () => number
	#waited = 0

	constructor(waiting: () => number) {
		this.#waiting = waiting
	}

	get isTooSlow(): boolean {
		return this.#waiting() > MAX_WAITING
	}

	/** Before something is sent: one that has read everything has the patience of the others anew. */
	beforeSend(): void {
		if (this.#waiting() === 0) this.#waited = 0
	}

	/** Whether the others should wait this long for it. */
	isWorthWaiting(ms: number): boolean {
		if (this.#waiting() < MAX_WAITING_AT_PACE || this.#waited > PATIENCE_MS) return false
		this.#waited += ms
		return true
	}

	/** Waits until a replay may send on, or until it is over. */
	async room(goesOn: () => boolean): Promise<void> {
		while (goesOn() && this.#waiting() > MAX_WAITING_REPLAY) await sleep(ROOM_MS)
	}
}
