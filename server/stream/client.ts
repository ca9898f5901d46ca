import { WebSocket } from 'ws'
import type { Log } from '../../db/log.ts'
import type { Queryable } from '../../db/pool.ts'
import { doorKinds } from '../errors.ts'
import { Problem, problemOf } from '../problem.ts'
import { type Filters, matches, readSubscriptionMessage, type Subscription } from './filters.ts'
import type { Hub } from './hub.ts'
import type { Message } from './messages.ts'
import { Pace } from './pace.ts'
import { replay } from './replay.ts'
import { isFor, refuseTopics } from './scope.ts'
import type { Snapshot, SnapshotTopic } from './snapshots.ts'

export interface ClientOptions {
	ws: WebSocket
	/** Acts as the caller. */
	db: Queryable
	hub: Hub
	snapshots: Record<SnapshotTopic, Snapshot>
	log: Log
	/** The queues that the caller's key is for; null for all. */
	queues: readonly string[] | null
}

/** One WebSocket of `/jobs/stream`. */
export class Client {
	readonly #options: ClientOptions
	readonly #pace: Pace
	#filters: Filters = { topics: [] }
	/** Set while a replay is under way: counts them, so that a new subscription ends the one before. */
	#replaying: symbol | undefined

	constructor(options: ClientOptions) {
		this.#options = options
		const { ws, hub } = options
		this.#pace = new Pace(() => ws.bufferedAmount)
		hub.add(this)
		ws.on('close', () => this.#leave())
		ws.on('error', () => ws.terminate())
		ws.on('message', (data) => this.#onMessage(String(data)))
		this.#send(JSON.stringify({ type: 'hello', position: hub.position }))
	}

	/** From the hub: during a replay it is the replay that sends, until it has caught up. */
	deliver(message: Message): number {
		if (this.#replaying || !isFor(this.#options.queues, message) || !matches(this.#filters, message)) return 0
		this.#pace.beforeSend()
		const text = message.text()
		this.#send(text)
		return text.length
	}

	isWorthWaiting(ms: number): boolean {
		return this.#pace.isWorthWaiting(ms)
	}

	resync(firstEventId: number): void {
		this.#send(JSON.stringify({ type: 'resync', first_event_id: firstEventId, position: this.#options.hub.position }))
	}

	/** Throws a Problem for a topic that the caller's key is not for. */
	subscribe({ filters, since }: Subscription): void {
		const { snapshots, queues } = this.#options
		refuseTopics(filters, queues)
		this.#filters = filters
		for (const [topic, snapshot] of Object.entries(snapshots)) {
			snapshot.remove(this.#send)
			if (filters.topics.includes(topic as SnapshotTopic)) snapshot.add(this.#send, queues)
		}
		this.#replaying = undefined
		if (since !== undefined) void this.#replay(since)
	}

	/** Tells what is wrong with what the client has sent. */
	refuse(error: unknown): void {
		const { kind, message, details } = problemOf(error)
		this.#send(JSON.stringify({ type: 'error', code: kind.name, message, field: details.field, errors: details.errors }))
	}

	#onMessage(text: string): void {
		try {
			const subscription = readSubscriptionMessage(parse(text))
			refuseTopics(subscription.filters, this.#options.queues)
			this.#send(JSON.stringify({ type: 'subscribed', filters: subscription.filters, position: this.#options.hub.position }))
			this.subscribe(subscription)
		} catch (error) {
			this.refuse(error)
		}
	}

	async #replay(since: number): Promise<void> {
		const { db, hub, ws, log } = this.#options
		const replaying = Symbol('replay')
		this.#replaying = replaying
		const goesOn = () => this.#replaying === replaying && ws.readyState === WebSocket.OPEN
		const send = async (message: Message) => {
			await this.#pace.room(goesOn)
			if (goesOn() && matches(this.#filters, message)) this.#send(message.text())
			return goesOn()
		}
		try {
			const lost = await replay({ db, hub, since, send })
			if (!goesOn()) return
			this.#replaying = undefined
			if (lost) this.resync(lost.firstEventId)
		} catch (err) {
			log.debug({ err }, 'a replay broke off')
			if (goesOn()) ws.close(1013, 'the database cannot be reached: resume with since')
		}
	}

	#send = (text: string): void => {
		const { ws } = this.#options
		if (ws.readyState !== WebSocket.OPEN) return
		ws.send(text)
		if (!this.#pace.isTooSlow) return
		this.#leave()
		ws.close(1013, 'too slow: resume with since and the highest id seen')
	}

	#leave(): void {
		const { hub, snapshots } = this.#options
		this.#filters = { topics: [] }
		this.#replaying = undefined
		hub.remove(this)
		for (const snapshot of Object.values(snapshots)) snapshot.remove(this.#send)
	}
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text)
	} catch (error) {
		throw new Problem(doorKinds.malformed_json, (error as Error).message)
	}
}
