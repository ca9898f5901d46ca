import { type Claim, callOne, type Outcome } from '../db/calls.ts'
import type { Queryable } from '../db/pool.ts'
import { encodeOutcomes, withoutPayload } from './encode.ts'

export type DatabaseError = Error & { code?: string }

/** You were declared dead: start anew. */
export const isEnded = ({ code }: DatabaseError): boolean => code === 'TQ412' || code === 'TQ404'
/** A deadlock or a serialisation failure: nothing happened, say it again. */
export const isPassing = ({ code }: DatabaseError): boolean => code === '40P01' || code === '40001'
/** Data that jsonb does not take, such as a result nested too deep: saying it again changes nothing. */
export const isUnstorable = ({ code = '' }: DatabaseError): boolean => code.startsWith('22') || code.startsWith('54')

/** The one round trip: records these outcomes, then takes at most `room` jobs. */
export const exchange = (db: Queryable, workerId: string, room: number, outcomes: Outcome[]): Promise<Claim> =>
	callOne<Claim>(db, 'claimNextJob', [workerId, room, outcomes.length > 0 ? encodeOutcomes(outcomes) : null])

/**
 * One of these outcomes cannot be stored, and must not keep the others from being recorded: each is reported alone. Answers
 * what is to be reported instead of those that still were not.
 */
export async function reportEach(db: Queryable, workerId: string, outcomes: Outcome[]): Promise<Outcome[]> {
	const again: Outcome[] = []
	for (const outcome of outcomes) {
		const { logs: _, ...withoutLogs } = outcome
		await exchange(db, workerId, 0, [outcome])
			.catch(() => exchange(db, workerId, 0, [withoutLogs])) // a result outweighs the log beside it
			.catch((error: DatabaseError) => {
				again.push(isUnstorable(error) ? withoutPayload(outcome, error.message) : outcome)
			})
	}
	return again
}
