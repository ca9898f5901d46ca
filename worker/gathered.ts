import type { Outcome } from '../db/calls.ts'

/** Outcomes that gather for the next call. */
export class Gathered {
	#outcomes: Outcome[] = []

	get count(): number {
		return this.#outcomes.length
	}

	/** The claim of the last one. */
	get lastClaimId(): string | undefined {
		return this.#outcomes.at(-1)?.claim_id
	}

	get claimIds(): string[] {
		return this.#outcomes.map((outcome) => outcome.claim_id)
	}

	add(...outcomes: Outcome[]): void {
		this.#outcomes.push(...outcomes)
	}

	take(count: number): Outcome[] {
		return this.#outcomes.splice(0, count)
	}

	/** Puts back, before all others, what could not be recorded, or not for sure: a second report of one is rejected and harms nothing. */
	keep(outcomes: Outcome[]): void {
		this.#outcomes = [...outcomes, ...this.#outcomes]
	}

	forget(): void {
		this.#outcomes = []
	}
}
