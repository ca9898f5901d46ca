import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { until } from '../support/patience.ts'

const AGAIN_MS = 100
/** What a server that has just come back may take to tell of everything. */
const PATIENCE_MS = 120_000

export interface AudienceOptions {
	/** The server's own URL, whichever process listens there. */
	url: string
	onTold: (jobId: string) => void
	/** The server says that it cannot go on where it was. */
	onGap: (words: string) => void
}

/** Somebody who wants to know of each job that has ended: listens to the stream, and resumes it whenever it breaks. */
export class Audience {
	readonly #options: AudienceOptions
	readonly #told = new Set<string>()
	/** The highest event seen; before the first, where the stream was when it was opened. */
	#since: number | undefined
	#socket: WebSocket | undefined
	#isOver = false

	private constructor(options: AudienceOptions) {
		this.#options = options
	}

	/** Resolves with one that hears. */
	static async start(options: AudienceOptions): Promise<Audience> {
		const audience = new Audience(options)
		void audience.#listen()
		await until(() => audience.#since !== undefined)
		return audience
	}

	/** Waits until it was told of all these jobs, or for too long: the checker says then what is missing. */
	async untilTold(jobIds: string[]): Promise<void> {
		const deadline = performance.now() + PATIENCE_MS
		while (!jobIds.every((id) => this.#told.has(id)) && performance.now() < deadline) await sleep(50)
	}

	stop(): void {
		this.#isOver = true
		this.#socket?.terminate()
	}

	async #listen(): Promise<void> {
		for (; !this.#isOver; await sleep(AGAIN_MS)) await this.#hear()
	}

	/** Until the connection ends. */
	#hear(): Promise<void> {
		const query = new URLSearchParams({ event: 'job_completed,job_failed,job_cancelled' })
		if (this.#since !== undefined) query.set('since', String(this.#since))
		this.#socket = new WebSocket(`${this.#options.url.replace('http', 'ws')}/jobs/stream?${query}`)
		this.#socket.on('message', (data) => this.#onMessage(JSON.parse(String(data))))
		this.#socket.on('error', () => {}) // a close follows
		return new Promise((resolve) => this.#socket!.on('close', () => resolve()))
	}

	#onMessage({ type, position, id, job_id }: { type: string; position?: number; id?: number; job_id?: string }): void {
		if (type === 'hello') this.#since ??= position
		if (type === 'resync') this.#options.onGap(`the stream could not go on after event ${this.#since}`)
		if (id === undefined || !job_id) return
		this.#since = Math.max(this.#since ?? 0, id)
		if (this.#told.has(job_id)) return
		this.#told.add(job_id)
		this.#options.onTold(job_id)
	}
}
