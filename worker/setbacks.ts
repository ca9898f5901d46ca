import { setTimeout as sleep } from 'node:timers/promises'

/** A stopping worker whose database is away gives up after so many tries; its jobs run again elsewhere. */
const MANY = 6

/** Calls in a row that failed: each is followed by a longer wait, of which each worker takes another part. */
export class Setbacks {
	#count = 0

	get areMany(): boolean {
		return this.#count > MANY
	}

	over(): void {
		this.#count = 0
	}

	async wait(): Promise<void> {
		await sleep(Math.random() * Math.min(100 * 2 ** this.#count++, 5_000))
	}
}
