/** What one subscription hears: events from the hub, kept for a reader who is a little slow, and ended for one who is too slow. */
import type { Queryable } from '../../db/pool.ts'
import { doorKinds } from '../errors.ts'
import { Problem } from '../problem.ts'
import { type Filters, matches } from '../stream/filters.ts'
import type { Hub } from '../stream/hub.ts'
import type { Message } from '../stream/messages.ts'
import { Pace } from '../stream/pace.ts'
import { replay } from '../stream/replay.ts'
import { isFor } from '../stream/scope.ts'
import type { Subscriber } from '../stream/subscribers.ts'
import { eventOf, type FeedEvent, plain } from './feed-events.ts'

export interface FeedOptions {
	hub: Hub
	/** Acts as the caller. */
	db: Queryable
	filters: Filters
	since: number | null
	/** The queues that the caller's key is for; null for all. */
	queues: readonly string[] | null
}

/** Gives its events to `next()`, one for each time that `allow()` was called: so none is worked on before the one before it was sent. */
export class Feed implements Subscriber, AsyncIterableIterator<FeedEvent> {
	/** Why it ended, if its reader did not end it. */
	problem: Problem | undefined
	readonly #options: FeedOptions
	readonly #waiting: { event: FeedEvent; size: number }[] = []
	readonly #pace = new Pace(() => this.#bytes)
	#bytes = 0
	#allowed = 0
	#ended = false
	#replaying = false
	#wake: (() => void) | undefined

	/** The hub must have been started. */
	constructor(options: FeedOptions) {
		this.#options = options
		options.hub.add(this)
		this.#push(plain(options.since ?? options.hub.position, 'subscribed'), 0)
		if (options.since !== null) void this.#replay(options.since)
	}

	allow(): void {
		this.#allowed++
		this.#wake?.()
	}

	/** From the hub: during a replay it is the replay that sends, until it has caught up. */
	deliver(message: Message): number {
		if (this.#replaying || !this.#wants(message)) return 0
		this.#pace.beforeSend()
		return this.#take(message)
	}

	isWorthWaiting(ms: number): boolean {
		return this.#pace.isWorthWaiting(ms)
	}

	resync(firstEventId: number): void {
		this.#push(plain(this.#options.hub.position, 'resync', { first_event_id: firstEventId }), 0)
	}

	async next(): Promise<IteratorResult<FeedEvent>> {
		while (!this.#ended && (this.#waiting.length === 0 || this.#allowed === 0))
			await new Promise<void>((resolve) => {
				this.#wake = resolve
			})
		const first = this.#ended ? undefined : this.#waiting.shift()
		if (!first) return { done: true, value: undefined }
		this.#allowed--
		this.#bytes -= first.size
		return { done: false, value: first.event }
	}

	async return(): Promise<IteratorResult<FeedEvent>> {
		this.#end()
		return { done: true, value: undefined }
	}

	throw(): Promise<IteratorResult<FeedEvent>> {
		return this.return()
	}

	[Symbol.asyncIterator](): this {
		return this
	}

	#wants(message: Message): boolean {
		return isFor(this.#options.queues, message) && matches(this.#options.filters, message)
	}

	#take(message: Message): number {
		const text = message.text()
		this.#push(eventOf(message, text), text.length)
		if (this.#pace.isTooSlow)
			this.#end(
				new Problem(doorKinds.too_slow, 'Events came faster than they were read.', {
					hint: 'Subscribe again with since and the highest id seen; ask for less of each event.',
				}),
			)
		return text.length
	}

	#push(event: FeedEvent, size: number): void {
		if (this.#ended) return
		this.#waiting.push({ event, size })
		this.#bytes += size
		this.#wake?.()
	}

	async #replay(since: number): Promise<void> {
		const { db, hub } = this.#options
		this.#replaying = true
		const send = async (message: Message) => {
			await this.#pace.room(() => !this.#ended)
			if (!this.#ended && this.#wants(message)) this.#take(message)
			return !this.#ended
		}
		try {
			const lost = await replay({ db, hub, since, send })
			this.#replaying = false
			if (lost) this.resync(lost.firstEventId)
		} catch (cause) {
			const hint = 'Subscribe again with since, and the highest id seen.'
			this.#end(new Problem(doorKinds.database_unavailable, 'What has happened since could not be read.', { hint, cause }))
		}
	}

	#end(problem?: Problem): void {
		if (this.#ended) return
		this.#ended = true
		this.problem = problem
		this.#waiting.length = 0
		this.#options.hub.remove(this)
		this.#wake?.()
	}
}
