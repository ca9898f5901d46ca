import { doorKinds } from './errors.ts'
import { Problem, problemOf } from './problem.ts'

/** More keys than this that fail in a minute are no mistake. */
const MAX_FAILURES = 10
const WINDOW_MS = 60_000
const MAX_ADDRESSES = 10_000

/** How often each address has failed to show a good key, within a minute. */
export class Failures {
	readonly #seen = new Map<string, { count: number; since: number }>()

	/** What to answer to this address for a key or ticket that was refused: the refusal, or 429 when there were too many. Other errors stay as they are. */
	note(address: string, error: unknown): unknown {
		if (problemOf(error).kind !== doorKinds.unauthenticated) return error
		const now = performance.now()
		const last = this.#seen.get(address)
		const seen = last && now - last.since < WINDOW_MS ? last : { count: 0, since: now }
		seen.count++
		this.#seen.delete(address)
		this.#seen.set(address, seen) // the one that was last seen longest ago comes first
		const [oldest] = this.#seen.keys()
		if (this.#seen.size > MAX_ADDRESSES) this.#seen.delete(oldest!)
		if (seen.count <= MAX_FAILURES) return error
		const seconds = Math.ceil((seen.since + WINDOW_MS - now) / 1000)
		return new Problem(doorKinds.too_many_failures, 'Too many keys that are not good came from this address.', {
			hint: `Wait ${seconds} s, and mend the key; a good one is let in at once.`,
			headers: { 'Retry-After': String(seconds) },
		})
	}
}
