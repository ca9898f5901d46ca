import type pg from 'pg'
import { type Claim, call, type Outcome } from '../db/calls.ts'
import { Aside } from './aside.ts'
import { type DatabaseError, exchange, isUnstorable, reportEach } from './exchange.ts'
import { isPrecaution } from './execute.ts'
import type { WorkerOptions } from './options.ts'
import type { Slots } from './slots.ts'

interface ReporterOptions {
	db: pg.Pool
	log: WorkerOptions['log']
	slots: Slots
	/** What an answer says of what this worker holds. */
	onAnswer: (answer: Claim) => void
	/** Nothing is reported aside any more. */
	onFree: () => void
}

/** Says what has ended, with the call that asks for more or, where that is much, in one of its own beside it. */
export class Reporter {
	readonly #options: ReporterOptions
	readonly #aside = new Aside()
	/** Whether a claim's answer may have been lost, with jobs in it that nobody runs. */
	#unsure = false

	constructor(options: ReporterOptions) {
		this.#options = options
	}

	get isFree(): boolean {
		return this.#aside.isFree
	}

	/** Whether there is something to report that goes with an exchange. */
	get hasFew(): boolean {
		const count = this.#options.slots.outcomeCount
		return count > 0 && !this.#aside.isFor(count)
	}

	/** Many go at once, whether or not an exchange is under way. `currentId` is asked again after the call: a new worker must not say what an old one did. */
	reportMany(currentId: () => string): void {
		const { slots } = this.#options
		if (this.#aside.isFree && this.#aside.isFor(slots.outcomeCount)) void this.#reportAside(currentId, slots.takeOutcomes())
	}

	async #reportAside(currentId: () => string, outcomes: Outcome[]): Promise<void> {
		const { db, log, slots, onAnswer, onFree } = this.#options
		const id = currentId()
		try {
			const answer = await this.#aside.report(db, id, outcomes)
			this.#tellLost(answer, outcomes)
			onAnswer(answer)
		} catch (err) {
			log.warn({ err, outcomes: outcomes.length }, 'a report was not answered; it is said again')
			if (id === currentId()) slots.keepOutcomes(outcomes)
		}
		this.#aside.done()
		onFree()
	}

	/** The round trip: says the few that have ended, and takes what fits. What could not be recorded is kept for the next time. */
	async exchange(id: string, room: number): Promise<Claim> {
		const { db, slots } = this.#options
		const outcomes = this.hasFew ? slots.takeOutcomes() : []
		try {
			if (this.#unsure)
				await call(db, 'releaseUnknownClaims', [id, slots.claimIds.concat([...outcomes, ...this.#aside.outcomes].map((o) => o.claim_id))])
			this.#unsure = false
			const answer = await exchange(db, id, room, outcomes)
			this.#aside.recovered()
			this.#tellLost(answer, outcomes)
			return answer
		} catch (error) {
			slots.keepOutcomes(isUnstorable(error as DatabaseError) ? await reportEach(db, id, outcomes) : outcomes)
			throw error
		}
	}

	#tellLost({ rejected }: Claim, outcomes: Outcome[]): void {
		if (rejected.length === 0) return
		const expected = new Set(outcomes.filter(isPrecaution).map(({ job_id }) => job_id))
		const jobIds = rejected.filter((id) => !expected.has(id))
		if (jobIds.length > 0) this.#options.log.warn({ jobIds }, 'outcomes not recorded: their claims were lost')
	}

	/** The last call may have claimed jobs without our knowledge. */
	doubt(): void {
		this.#unsure = true
	}
}
