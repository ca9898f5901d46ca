import type { Log } from '../../db/log.ts'
import type { Database } from '../database.ts'
import type { Check } from '../rest/health.ts'
import { Listener } from './listener.ts'
import { Pulse } from './pulse.ts'
import { Reader } from './reader.ts'
import { deliverTo, type Subscriber } from './subscribers.ts'

const PAGE = 500
const LINGER_MS = 60_000

export interface HubOptions {
	database: Database
	/** For LISTEN: not through a transaction pooler. */
	connectionString: string
	log: Log
	/** How long it goes on when nobody listens, so that clients that come back soon find it as they left it; a minute. */
	lingerMs?: number
}

interface Running {
	reader: Reader
	listener: Listener
	pulse: Pulse
}

/** Reads the stream once for all its subscribers, while there are any. It outlives the database and then goes on where it was. */
export class Hub {
	readonly #options: HubOptions
	readonly #subscribers = new Set<Subscriber>()
	#running: Running | undefined
	#starting: Promise<Running> | undefined
	#linger: NodeJS.Timeout | undefined
	#failing = false
	#stopped = false

	constructor(options: HubOptions) {
		this.#options = options
	}

	/** Makes sure that the hub runs. Throws while the database cannot be reached and it has not started. */
	async start(): Promise<void> {
		if (!this.#running) {
			this.#starting ??= this.#findPlace()
			try {
				this.#running = await this.#starting
			} finally {
				this.#starting = undefined
			}
		}
		this.#lingerOn()
	}

	/** The last event that has been delivered. The hub must have been started. */
	get position(): number {
		return this.#running!.reader.position
	}

	/** Delivers what comes after `position`. */
	add(subscriber: Subscriber): void {
		this.#subscribers.add(subscriber)
		this.#lingerOn()
	}

	/** Delivers from now on what this reader has missed as well. */
	adopt(reader: Reader): void {
		this.#running!.reader.gaps.adopt(reader.gaps, this.position)
	}

	/** What the hub waits for, this reader waits for too. */
	share(reader: Reader): void {
		reader.gaps.adopt(this.#running!.reader.gaps, reader.position)
	}

	remove(subscriber: Subscriber): void {
		this.#subscribers.delete(subscriber)
		this.#lingerOn()
	}

	check = (): Check => ({
		status: this.#failing ? 'degraded' : 'ok',
		clients: this.#subscribers.size,
		...(this.#running?.listener.isDeaf && { wakes: 'each second: LISTEN does not deliver, see the log' }),
	})

	async stop(): Promise<void> {
		this.#stopped = true
		clearTimeout(this.#linger)
		await this.#starting?.catch(() => {})
		await this.#rest()
	}

	async #findPlace(): Promise<Running> {
		const { database, connectionString, log } = this.#options
		const reader = await Reader.atEnd(database.own)
		const pulse = new Pulse(() => this.#look(reader))
		return { reader, pulse, listener: new Listener({ connectionString, others: database.own, log, onHint: () => pulse.hint() }) }
	}

	/** To be called whenever who listens has changed: with nobody it rests after a while. */
	#lingerOn(): void {
		clearTimeout(this.#linger)
		if (this.#stopped || this.#subscribers.size > 0) return
		this.#linger = setTimeout(() => void this.#rest(), this.#options.lingerMs ?? LINGER_MS)
	}

	async #rest(): Promise<void> {
		const running = this.#running
		this.#running = undefined
		this.#failing = false
		await Promise.all([running?.listener.stop(), running?.pulse.stop()])
	}

	async #look(reader: Reader): Promise<boolean> {
		const { database, log } = this.#options
		try {
			const first = await reader.firstAfterLoss(database.own)
			if (first) for (const subscriber of this.#subscribers) subscriber.resync(first)
			const { events, more } = await reader.read(database.own, PAGE)
			await deliverTo(this.#subscribers, events)
			if (this.#failing) log.info('the stream goes on')
			this.#failing = false
			return more
		} catch (err) {
			log[this.#failing ? 'debug' : 'warn']({ err }, 'the stream cannot be read; trying again each second')
			this.#failing = true
			return false
		}
	}
}
