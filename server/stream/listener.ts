import pg from 'pg'
import { call } from '../../db/calls.ts'
import { connectionOptions, endWhenSilent } from '../../db/pool.ts'
import type { Log } from '../log.ts'

/** A connection that is gone without a word costs only time: polling goes on. It is noticed after this long. */
const PING_MS = 15_000
const MAX_WAIT_MS = 5_000

export interface ListenerOptions {
	/** Not through a transaction pooler. */
	connectionString: string
	log: Log
	/** There may be something new; also after each reconnect, since what happened meanwhile was not heard. */
	onHint: () => void
}

/** The one connection that listens for hints about the stream. It comes back by itself. */
export class Listener {
	readonly #options: ListenerOptions
	#client: pg.Client | undefined
	#timer: NodeJS.Timeout | undefined
	#failures = 0
	#stopped = false

	constructor(options: ListenerOptions) {
		this.#options = options
		void this.#connect()
	}

	async stop(): Promise<void> {
		this.#stopped = true
		clearTimeout(this.#timer)
		await this.#client?.end().catch(() => {})
	}

	async #connect(): Promise<void> {
		const { connectionString, log, onHint } = this.#options
		const client = new pg.Client(connectionOptions({ connectionString, role: 'taskq_reader', name: 'taskq server stream' }))
		this.#client = client
		let lost = false
		const onLost = (err?: Error) => {
			if (lost) return
			lost = true
			clearTimeout(this.#timer)
			client.end().catch(() => {})
			if (this.#stopped) return
			log.debug({ err }, 'the stream lost its connection; reconnecting')
			this.#timer = setTimeout(() => void this.#connect(), Math.random() * Math.min(50 * 2 ** this.#failures++, MAX_WAIT_MS))
		}
		client.on('error', onLost).on('end', () => onLost())
		client.on('notification', onHint)
		try {
			await client.connect()
			endWhenSilent(client)
			await client.query('listen taskq_events')
			this.#failures = 0
			onHint()
			this.#pingLater(client, onLost)
		} catch (error) {
			onLost(error as Error)
		}
	}

	#pingLater(client: pg.Client, onLost: (error?: Error) => void): void {
		if (this.#stopped) return
		this.#timer = setTimeout(async () => {
			const late = setTimeout(() => onLost(new Error('no answer to a ping')), MAX_WAIT_MS)
			await call(client, 'ping').then(() => this.#pingLater(client, onLost), onLost)
			clearTimeout(late)
		}, PING_MS)
	}
}
