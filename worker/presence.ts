import pg from 'pg'
import { callOne } from '../db/calls.ts'
import { DEAF, hears, isRefusedByPooler, listen, pingListener } from '../db/listen.ts'
import { connectionOptions, endWhenSilent, type Queryable } from '../db/pool.ts'
import type { Logger } from './options.ts'

export interface PresenceOptions {
	/** Not through a transaction pooler: it holds a session lock and listens. */
	connectionString: string
	/** The way that all other statements take. */
	others: Queryable
	log: Logger
	/** Something may be ready. */
	onHint: () => void
	/** A job of this worker was asked to stop. */
	onCancel: () => void
}

/** Shows nothing but that the connection still works; a server that is gone without a word is noticed by this. */
const PING_EVERY_MS = 5_000

const CHANNELS = ['taskq_ready', 'taskq_cancel']
/** Where LISTEN does not deliver somebody has to change a setting, or a pooler's. */
const DEAF_MS = 60_000

/** A database that comes back waits five seconds for its workers before it looks for lost ones. */
const RECONNECT_WITHIN_MS = 2_000

/**
 * The worker's own session: it listens for hints, and holds a lock by which the database sees at once that the worker is
 * gone. Comes back by itself; while it is away polling and heartbeats carry on.
 */
export class Presence {
	readonly #options: PresenceOptions
	#client: pg.Client | undefined
	#workerId = ''
	#ended = false
	/** LISTEN was seen to deliver. */
	#hears = false
	#failures = 0
	#timers = new Set<NodeJS.Timeout>()

	constructor(options: PresenceOptions) {
		this.#options = options
	}

	/** Holds the lock for this worker from now on. */
	async hold(workerId: string): Promise<void> {
		this.#workerId = workerId
		if (this.#client) await this.#holdSession(this.#client)
		else await this.#connect()
	}

	async end(): Promise<void> {
		this.#ended = true
		for (const timer of this.#timers) clearTimeout(timer)
		await this.#client?.end().catch(() => {})
	}

	#later(ms: number, run: () => void): void {
		const timer = setTimeout(() => {
			this.#timers.delete(timer)
			run()
		}, ms)
		this.#timers.add(timer)
	}

	async #connect(): Promise<void> {
		if (this.#ended) return
		const client = new pg.Client(
			connectionOptions({ connectionString: this.#options.connectionString, role: 'taskq_worker', name: 'taskq worker presence' }),
		)
		let lost = false
		const onLost = (error?: Error) => {
			if (lost) return
			lost = true
			if (this.#client === client) this.#client = undefined
			client.end().catch(() => {})
			if (this.#ended) return
			if (isRefusedByPooler(error)) return void this.#beDeaf(client)
			this.#options.log.warn({ err: error }, 'the worker lost its session with the database; reconnecting')
			this.#later(Math.random() * Math.min(50 * 2 ** this.#failures++, RECONNECT_WITHIN_MS), () => void this.#connect())
		}
		client.on('error', onLost)
		client.on('end', () => onLost())
		client.on('notification', ({ channel, payload }) => {
			if (channel === 'taskq_ready') this.#options.onHint()
			else if (payload === this.#workerId) this.#options.onCancel()
		})
		try {
			await client.connect()
			endWhenSilent(client)
			await listen(client, CHANNELS)
			this.#hears ||= await hears(client, this.#options.others)
			if (!this.#hears) return await this.#beDeaf(client)
			this.#client = client
			this.#failures = 0
			await this.#holdSession(client)
			this.#options.onHint() // what happened meanwhile was not heard
			this.#ping(client, onLost)
		} catch (error) {
			onLost(error as Error)
		}
	}

	/** A lock would be the pooler's: the database would watch over that session, and not over this worker. */
	async #beDeaf(client: pg.Client): Promise<void> {
		this.#options.log.error({}, `${DEAF}.`)
		client
			.removeAllListeners('end')
			.removeAllListeners('error')
			.on('error', () => {})
		await client.end().catch(() => {})
		this.#later(DEAF_MS, () => void this.#connect())
	}

	/** The lock may still be held by a session of ours that the server has not seen end. */
	async #holdSession(client: pg.Client): Promise<void> {
		const { held } = await callOne<{ held: boolean }>(client, 'holdWorkerSession', [this.#workerId])
		if (!held) this.#later(500, () => void this.#holdSession(client).catch(() => {}))
	}

	#ping(client: pg.Client, onLost: (error: Error) => void): void {
		this.#later(PING_EVERY_MS, () => {
			if (this.#client !== client) return
			const silent = setTimeout(() => onLost(new Error('the database does not answer')), PING_EVERY_MS)
			pingListener(client, CHANNELS).then(
				(mayHaveMissed) => {
					clearTimeout(silent)
					if (mayHaveMissed) this.#options.onHint()
					this.#ping(client, onLost)
				},
				() => clearTimeout(silent),
			)
		})
	}
}
