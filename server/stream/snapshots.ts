import { type Call, call } from '../../db/calls.ts'
import type { Log } from '../../db/log.ts'
import { repeat } from '../background.ts'
import type { Database } from '../database.ts'
import { shape } from '../rest/shapes.ts'

const EVERY_MS = 2_000

const kinds = {
	queue: { type: 'queue_update', statements: { queues: 'queues' } },
	resource: { type: 'resource_update', statements: { workers: 'workers', pools: 'listPools' } },
} satisfies Record<string, { type: string; statements: Record<string, Call> }>

export type SnapshotTopic = keyof typeof kinds
type Send = (text: string) => void

/** The queues, or the workers and the pools, as they are: told to each subscriber at once, and to all when they have changed. */
export class Snapshot {
	readonly #kind: (typeof kinds)[SnapshotTopic]
	readonly #database: Database
	readonly #log: Log
	/** With the queues that each may see; null for all. */
	readonly #subscribers = new Map<Send, readonly string[] | null>()
	/** Those who have been told what `#last` says. */
	readonly #told = new Set<Send>()
	#last = ''
	#data: Record<string, Record<string, unknown>[]> = {}
	#looking: { stop: () => Promise<void> } | undefined

	constructor({ topic, database, log }: { topic: SnapshotTopic; database: Database; log: Log }) {
		this.#kind = kinds[topic]
		this.#database = database
		this.#log = log
	}

	add(send: Send, queues: readonly string[] | null): void {
		this.#subscribers.set(send, queues)
		if (this.#looking) this.#tell()
		else this.#looking = repeat(EVERY_MS, () => this.#look())
	}

	remove(send: Send): void {
		this.#subscribers.delete(send)
		this.#told.delete(send)
		if (this.#subscribers.size === 0) void this.stop()
	}

	async stop(): Promise<void> {
		const looking = this.#looking
		this.#looking = undefined
		this.#last = ''
		this.#told.clear()
		await looking?.stop()
	}

	async #look(): Promise<void> {
		const { type, statements } = this.#kind
		try {
			const parts = Object.entries<Call>(statements).map(async ([field, statement]) => [
				field,
				(await call(this.#database.own, statement)).map(shape),
			])
			const data = Object.fromEntries(await Promise.all(parts))
			const text = JSON.stringify({ type, event: 'snapshot', data })
			if (!this.#looking) return
			if (text !== this.#last) this.#told.clear()
			this.#last = text
			this.#data = data
			this.#tell()
		} catch (err) {
			this.#log.debug({ err }, 'a snapshot could not be taken')
		}
	}

	#tell(): void {
		if (!this.#last) return
		for (const [send, queues] of this.#subscribers) {
			if (!this.#told.has(send)) send(queues ? this.#textFor(queues) : this.#last)
			this.#told.add(send)
		}
	}

	#textFor(queues: readonly string[]): string {
		const own = (rows: Record<string, unknown>[]) => rows.filter(({ queue }) => queues.includes(String(queue)))
		const data = Object.fromEntries(Object.entries(this.#data).map(([field, rows]) => [field, own(rows)]))
		return JSON.stringify({ type: this.#kind.type, event: 'snapshot', data })
	}
}
