/** An id that was skipped is asked for this far back and no further; `taskq.late_events` and `taskq.stream_gaps` look as far. */
const MAX_TRACKED = 10_000

/**
 * The ids that a reader of the stream has passed without seeing them. Their transactions may still commit; an id is given up
 * when every transaction that was under way when it was first missed has ended, and so it can never come.
 */
export class Gaps {
	/** By id: the first transaction id that was not yet given out when it was first missed. */
	readonly #missing = new Map<number, bigint>()

	get ids(): number[] {
		return [...this.#missing.keys()]
	}

	/** Takes in an answer that went on from `position`; answers the new position. */
	note(position: number, seen: number[], nextXid: bigint, horizon: bigint): number {
		let last = position
		for (const id of seen) {
			for (let skipped = Math.max(last + 1, id - MAX_TRACKED); skipped < id; skipped++) this.#missing.set(skipped, nextXid)
			this.#missing.delete(id)
			last = Math.max(last, id)
		}
		for (const [id, missedAt] of this.#missing) if (horizon >= missedAt) this.#missing.delete(id)
		return last
	}

	/** Waits for these ids, which were missed when `nextXid` was the next to be given out. */
	await(ids: number[], nextXid: bigint): void {
		for (const id of ids) this.#missing.set(id, nextXid)
	}

	/** Goes on waiting for what another reader has missed before this position. */
	adopt(other: Gaps, position: number): void {
		for (const [id, missedAt] of other.#missing) if (id <= position && !this.#missing.has(id)) this.#missing.set(id, missedAt)
	}
}
