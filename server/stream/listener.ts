import pg from 'pg'
import { DEAF, hears, isRefusedByPooler, listen, pingListener } from '../../db/listen.ts'
import type { Log } from '../../db/log.ts'
import { connectionOptions, endWhenSilent, type Queryable } from '../../db/pool.ts'

/** A connection that is gone without a word costs only time: polling goes on. It is noticed after this long. */
const PING_MS = 5_000
const MAX_WAIT_MS = 5_000
const CHANNELS = ['taskq_events']

export interface ListenerOptions {
	/** Not through a transaction pooler. */
	connectionString: string
	/** The way that all other statements take. */
	others: Queryable
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
	/** LISTEN was seen to deliver; undefined before anyone has looked. */
	#hears: boolean | undefined

	constructor(options: ListenerOptions) {
		this.#options = options
		void this.#connect()
	}

	get isDeaf(): boolean {
		return this.#hears === false
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
			if (isRefusedByPooler(err)) this.#heard(false)
			log.debug({ err }, 'the stream lost its connection; reconnecting')
			this.#timer = setTimeout(() => void this.#connect(), Math.random() * Math.min(50 * 2 ** this.#failures++, MAX_WAIT_MS))
		}
		client.on('error', onLost).on('end', () => onLost())
		client.on('notification', onHint)
		try {
			await client.connect()
			endWhenSilent(client)
			await listen(client, CHANNELS)
			if (!this.#hears) this.#heard(await hears(client, this.#options.others))
			this.#failures = 0
			onHint()
			this.#pingLater(client, onLost)
		} catch (error) {
			onLost(error as Error)
		}
	}

	#heard(something: boolean): void {
		if (!something && this.#hears === undefined) this.#options.log.error(`${DEAF}.`)
		this.#hears = something
	}

	#pingLater(client: pg.Client, onLost: (error?: Error) => void): void {
		if (this.#stopped) return
		this.#timer = setTimeout(async () => {
			const late = setTimeout(() => onLost(new Error('no answer to a ping')), MAX_WAIT_MS)
			await pingListener(client, CHANNELS).then((mayHaveMissed) => {
				if (mayHaveMissed) this.#options.onHint()
				this.#pingLater(client, onLost)
			}, onLost)
			clearTimeout(late)
		}, PING_MS)
	}
}
