import { callOne } from '../../db/calls.ts'
import type { Queryable } from '../../db/pool.ts'
import type { Hub } from './hub.ts'
import { type Message, messagesOf } from './messages.ts'
import { Reader } from './reader.ts'

/** Small, because a page is held in memory until its reader has taken it. */
const PAGE = 100

export interface Replay {
	db: Queryable
	hub: Hub
	since: number
	/** Sends one message; answers when there is room for the next, or false when the reader is gone. */
	send: (message: Message) => Promise<boolean>
}

/**
 * Sends what came after event `since`, until it has caught up with the hub: from then on the hub delivers, which is told what
 * is still missed. Answers the oldest event that can be read if what came after `since` is no longer kept.
 */
export async function replay({ db, hub, since, send }: Replay): Promise<{ firstEventId: number } | undefined> {
	const { last_event_id, first_event_id } = await callOne<{ last_event_id: string; first_event_id: string }>(db, 'streamPosition')
	const first = Number(first_event_id)
	if (since > Math.max(Number(last_event_id), hub.position) || !isKept(since, first, hub.position)) return { firstEventId: first }

	const reader = new Reader(since)
	hub.share(reader) // it may come while nothing but this replay is sent
	let { event_ids: late } = await callOne<{ event_ids: string[] }>(db, 'lateEvents', [since])
	for (;;) {
		const { events } = await reader.read(db, PAGE, late.map(Number))
		late = []
		for (const event of events) for (const message of messagesOf(event)) if (!(await send(message))) return undefined
		if (reader.position < hub.position) continue
		hub.adopt(reader)
		return undefined
	}
}

/** Nothing after it has been deleted: it is there itself, or it is where the stream begins, or nothing has come since. */
const isKept = (since: number, first: number, position: number) =>
	(first > 0 && since >= first) || (since === 0 && first === 1) || since === position
