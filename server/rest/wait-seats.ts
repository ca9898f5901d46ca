import type { Caller } from '../database.ts'
import { doorKinds } from '../errors.ts'
import { Problem } from '../problem.ts'

/** Each costs a connection of its caller's. */
export const MAX_WAITING = 1_000
/** Of one API key, so that none takes the places of all the others. */
export const MAX_WAITING_OF_KEY = MAX_WAITING / 4

/** How many may wait for jobs at this server. */
export class WaitSeats {
	#taken = 0
	/** By the key's id. */
	readonly #takenOf = new Map<string, number>()

	get areEmpty(): boolean {
		return this.#taken === 0
	}

	/** Throws a Problem when there is none left, and has taken none then. */
	take({ keyId }: Caller): void {
		if (this.#taken >= MAX_WAITING) throw new Problem(doorKinds.too_many_waits, `${this.#taken} requests wait for jobs at this server.`)
		if (keyId) {
			const taken = this.#takenOf.get(keyId) ?? 0
			if (taken >= MAX_WAITING_OF_KEY)
				throw new Problem(doorKinds.too_many_waits, `${taken} requests with this API key wait for jobs at this server.`)
			this.#takenOf.set(keyId, taken + 1)
		}
		this.#taken++
	}

	leave({ keyId }: Caller): void {
		this.#taken--
		if (!keyId) return
		const left = this.#takenOf.get(keyId)! - 1
		if (left === 0) this.#takenOf.delete(keyId)
		else this.#takenOf.set(keyId, left)
	}
}
