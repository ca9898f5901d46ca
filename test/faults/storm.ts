import { randomUUID } from 'node:crypto'
import { call } from '../../db/calls.ts'
import { freePort } from '../../db/embedded-process.ts'
import { Audience } from './audience.ts'
import { type Clients, serverOf, startClients, workerOf } from './cast.ts'
import { Database } from './database.ts'
import type { Fault } from './events.ts'
import type { History } from './history.ts'
import { Keeper } from './keeper.ts'
import { Kept } from './kept.ts'
import type { Running } from './processes.ts'
import { type JobRequest, MIX, type Mix } from './requests.ts'

export interface StormOptions {
	/** Jobs that are asked for in a second. */
	rate: number
	workers?: number
	mix?: Mix
	/** A worker that is silent for so long is lost; as taskq has it without. Heartbeats come each 10 seconds. */
	leaseSeconds?: number
	/** How many workers jobs of this storm may take down themselves. */
	deaths?: number
	/** Run first: what makes this taskq another one. */
	sql?: string
}

/** A database, workers, a server, clients and a ledger, each a process of its own, and what a nemesis does to them. */
export class Storm {
	readonly database: Database
	readonly workers: Kept[] = []
	/** What went wrong that the ledger does not hold: a process that ended by itself. */
	readonly failures: string[] = []
	/** What is worth a word in the report. */
	readonly notes: string[] = []
	readonly rate: number
	server!: Kept
	audience!: Audience
	deaths = 0
	#clients: Clients | undefined
	readonly #ledger = new Keeper()
	readonly #options: StormOptions

	private constructor(database: Database, options: StormOptions) {
		this.#options = options
		this.rate = options.rate
		this.database = database
	}

	/** Resolves when all of it works and nothing is asked for yet. */
	static async start(options: StormOptions): Promise<Storm> {
		const storm = new Storm(await Database.start(), options)
		try {
			await storm.#start()
		} catch (error) {
			await storm.end()
			throw error
		}
		return storm
	}

	async #start(): Promise<void> {
		const { workers = 2, leaseSeconds, mix = MIX, sql } = this.#options
		await this.#ledger.open()
		if (sql) await this.database.rows(sql)
		if (leaseSeconds) await this.database.rows('select taskq.configure(worker_lost_seconds => $1)', [leaseSeconds])
		const { url } = this.database
		const port = await freePort()
		const onEnd = (running: Running, how: string) => this.#onEnd(running, how)
		this.server = new Kept({ slot: 'server', onEnd, start: serverOf(url, port) })
		for (let n = 1; n <= workers; n++) this.workers.push(new Kept({ slot: `w${n}`, onEnd, start: workerOf(url, this.#ledger.socket) }))
		await Promise.all([this.server, ...this.workers].map((kept) => kept.untilReady()))
		const server = `http://127.0.0.1:${port}`
		const onTold = (job: string) => this.#ledger.write({ is: 'told', t: Date.now(), job })
		this.audience = await Audience.start({ url: server, onTold, onGap: (words) => this.failures.push(words) })
		this.#clients = await startClients({ url, server, ledger: this.#ledger.socket, mix })
	}

	#onEnd(running: Running, how: string): void {
		const expected = how === 'SIGKILL' && ++this.deaths <= (this.#options.deaths ?? 0)
		if (expected) this.mark('poison', [running.name])
		else this.failures.push(`${running.name} ended by itself: ${how}\n${running.tail.slice(-5).join('\n')}`)
	}

	/** Writes down what is being done, before it is. */
	mark(fault: string, workers: Fault['workers']): void {
		this.#ledger.write({ is: 'fault', t: Date.now(), fault, workers })
	}

	/** Jobs a second from now on. */
	setRate(rate: number): void {
		this.#clients!.setRate(rate)
	}

	/** Submits jobs beside the clients; answers their ids. */
	async submit(jobs: JobRequest[]): Promise<string[]> {
		const [op, tags] = [randomUUID(), jobs.map(({ payload }) => payload.tag)]
		this.#ledger.write({ is: 'invoke', op, t: Date.now(), call: 'submit', door: 'sql', tags, keyed: false })
		const answers = await call<{ job_id: string }>(this.database.admin, 'submitEach', [JSON.stringify(jobs)])
		const ids = answers.map(({ job_id }) => job_id)
		this.#ledger.write({ is: 'ok', op, t: Date.now(), ids })
		return ids
	}

	/** Nothing more is asked for, and what was asked for is answered. */
	async stopClients(): Promise<void> {
		const how = await this.#clients!.stop()
		if (how !== 'status 0') this.failures.push(`the clients were asked to stop: ${how}`)
	}

	/** Ends workers and server in good order; what does not end so is a failure. */
	async stopProcesses(): Promise<void> {
		this.audience.stop()
		await Promise.all(
			[this.server, ...this.workers].map(async (kept) => {
				const how = await kept.stop()
				if (how !== 'status 0')
					this.failures.push(`${kept.running.name} was asked to stop: ${how}\n${kept.running.tail.slice(-5).join('\n')}`)
			}),
		)
	}

	/** All that the ledger holds; whoever wrote to it must have ended. */
	readonly readHistory = (): Promise<History> => this.#ledger.readHistory()

	/** Everything is gone after this, whatever state it was in. */
	async end(): Promise<void> {
		this.#clients?.kill()
		this.audience?.stop()
		await Promise.all([this.server, ...this.workers].map((kept) => kept?.stop()))
		await this.database.end()
		this.#ledger.end()
	}
}
