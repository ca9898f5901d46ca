import { call } from '../db/calls.ts'
import { repeat } from './background.ts'
import type { Caller, Database } from './database.ts'

/** What a key holds open is closed within this and a moment after its end. */
const LOOK_MS = 5_000

/** Looks after the keys of those who hold something open, such as a WebSocket. */
export class KeyWatch {
	readonly #database: Database
	/** What to do when a key ends, with its id. */
	readonly #watched = new Map<() => void, string>()
	#looking: { stop: () => Promise<void> } | undefined

	constructor(database: Database) {
		this.#database = database
	}

	/** Calls `onEnd` once this caller's key is revoked or has expired. Answers a function that ends the watch. */
	watch({ keyId }: Caller, onEnd: () => void): () => void {
		if (!keyId) return () => {}
		this.#watched.set(onEnd, keyId)
		this.#looking ??= repeat(LOOK_MS, () => this.#look())
		return () => this.#watched.delete(onEnd)
	}

	async stop(): Promise<void> {
		await this.#looking?.stop()
	}

	async #look(): Promise<void> {
		const asked = [...this.#watched] // whoever comes meanwhile is asked about the next time
		if (asked.length === 0) return
		const keyIds = [...new Set(asked.map(([, keyId]) => keyId))]
		const [found] = await call<{ key_ids: string[] }>(this.#database.own, 'liveApiKeys', [keyIds]).catch(() => [])
		if (!found) return // the database is away: then nobody is told anything
		for (const [onEnd, keyId] of asked) if (!found.key_ids.includes(keyId) && this.#watched.delete(onEnd)) onEnd()
	}
}
