import type { Claim, Outcome } from '../db/calls.ts'
import type { Queryable } from '../db/pool.ts'
import { exchange } from './exchange.ts'

/** From so many outcomes on they are worth a call of their own: the database records them while it looks for the next jobs. */
const WORTH_A_CALL = 100

/** Reports large batches beside the claims instead of with them. One at a time; after a failure the next exchange carries all. */
export class Aside {
	#outcomes: readonly Outcome[] = []
	#hasFailed = false

	/** What is under way, and may or may not have been recorded. */
	get outcomes(): readonly Outcome[] {
		return this.#outcomes
	}

	get isFree(): boolean {
		return this.#outcomes.length === 0
	}

	/** Whether so many are to be reported here, now or as soon as what is under way is done. */
	isFor(count: number): boolean {
		return !this.#hasFailed && count >= WORTH_A_CALL
	}

	/** Stays busy until `done`. */
	async report(db: Queryable, workerId: string, outcomes: Outcome[]): Promise<Claim> {
		this.#outcomes = outcomes
		try {
			return await exchange(db, workerId, 0, outcomes)
		} catch (error) {
			this.#hasFailed = true
			throw error
		}
	}

	/** What was under way is recorded, or kept to be said again. */
	done(): void {
		this.#outcomes = []
	}

	/** An exchange went well. */
	recovered(): void {
		this.#hasFailed = false
	}
}
