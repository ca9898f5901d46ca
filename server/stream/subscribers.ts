/** Those who hear the stream, and the pace at which all of them are told. */
import { setTimeout as sleep, setImmediate as yieldToSockets } from 'node:timers/promises'
import { type Message, messagesOf } from './messages.ts'
import type { StreamEvent } from './reader.ts'

/** A burst goes out in parts of this size, at the pace of those who read it. */
const PART_BYTES = 2 ** 16
const PACE_MS = 5

export interface Subscriber {
	/** Answers how many bytes it took. */
	deliver(message: Message): number
	/** What came before this event may be gone for good. */
	resync(firstEventId: number): void
	/** Whether it is worth waiting this long for it to read what it has. */
	isWorthWaiting(ms: number): boolean
}

/** Tells all of them, whoever comes or goes meanwhile. */
export async function deliverTo(subscribers: ReadonlySet<Subscriber>, events: StreamEvent[]): Promise<void> {
	let part = 0
	for (const message of events.flatMap(messagesOf)) {
		let largest = 0
		for (const subscriber of subscribers) largest = Math.max(largest, subscriber.deliver(message))
		part += largest
		if (part < PART_BYTES) continue
		part = 0
		await yieldToSockets()
		while ([...subscribers].some((subscriber) => subscriber.isWorthWaiting(PACE_MS))) await sleep(PACE_MS)
	}
}
