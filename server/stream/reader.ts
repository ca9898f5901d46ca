import { callOne } from '../../db/calls.ts'
import type { Queryable } from '../../db/pool.ts'
import { Gaps } from './gaps.ts'

/** One row of the stream: what happened to these jobs, to a queue, or to a workflow. */
export interface StreamEvent {
	id: number
	at: string
	event: string
	queue: string | null
	workflow_id: string | null
	jobs: EventJob[] | null
}

export interface EventJob {
	job_id: string
	type: string
	queue: string
	priority: number
	attempt: number | null
	data: Record<string, unknown> | null
}

interface Batch {
	/** Transaction ids, as texts: they outgrow a double. */
	horizon: string
	next_xid: string
	events: StreamEvent[]
}

/** Events are kept for longer; who has not read for this long makes sure that what he has not seen is still there. */
const LONG_AGO_MS = 10_000

/** Goes through the stream from a position and misses nothing, however late a transaction with an early id commits. */
export class Reader {
	readonly gaps = new Gaps()
	position: number
	#readAt = performance.now()

	constructor(position: number) {
		this.position = position
	}

	/** One that begins at the end of the stream, and waits for what has an earlier id and is not there yet. */
	static async atEnd(db: Queryable): Promise<Reader> {
		const { last_event_id, missing, next_xid } = await callOne<{ last_event_id: string; missing: string[]; next_xid: string }>(
			db,
			'streamGaps',
		)
		const reader = new Reader(Number(last_event_id))
		reader.gaps.await(missing.map(Number), BigInt(next_xid))
		return reader
	}

	/** The oldest event that there is, if it is long ago that this one has read and events may be gone that it has not seen. */
	async firstAfterLoss(db: Queryable): Promise<number | undefined> {
		if (performance.now() - this.#readAt < LONG_AGO_MS) return undefined
		const first = Number((await callOne<{ first_event_id: string }>(db, 'streamPosition')).first_event_id)
		return first > this.position + 1 ? first : undefined
	}

	/** What has come since the last call, at most about `max` events, and whether there may be more. */
	async read(db: Queryable, max: number, besides: number[] = []): Promise<{ events: StreamEvent[]; more: boolean }> {
		const { position } = this
		const { batch } = await callOne<{ batch: Batch }>(db, 'readEvents', [position, [...this.gaps.ids, ...besides], max])
		const ids = batch.events.map(({ id }) => id)
		this.#readAt = performance.now()
		this.position = this.gaps.note(position, ids, BigInt(batch.next_xid), BigInt(batch.horizon))
		return { events: batch.events, more: ids.filter((id) => id > position).length >= max }
	}
}
