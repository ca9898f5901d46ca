import { MessageChannel } from 'node:worker_threads'
import { Piscina } from 'piscina'
import type { RunningJob, StopError } from './running-job.ts'
import { FatalError, RetryAfterError } from './task.ts'
import type { ThreadAnswer, ThreadJob, ThreadMessage, WorkerMessage } from './thread-entry.ts'

export interface ThreadsOptions {
	/** Most threads at a time. */
	size: number
	/** Module that exports `tasks`; the thread loads it and finds the task by its type. */
	tasksModule: string
	/** Heap of one thread; one that takes more is ended and its job fails. */
	memoryMb: number
}

/** Runs `thread` tasks, each in a worker thread that is killed if it does not stop. Starts none before the first such job. */
export class Threads {
	readonly #options: ThreadsOptions
	#pool: Piscina | undefined
	/** Piscina starts no thread for what is queued when one dies, so nothing is ever queued there. */
	#busy = 0
	readonly #waiting: (() => void)[] = []

	constructor(options: ThreadsOptions) {
		this.#options = options
	}

	async run(job: RunningJob, payload: unknown): Promise<unknown> {
		this.#pool ??= new Piscina({
			filename: new URL('./thread-entry.ts', import.meta.url).href,
			minThreads: 0,
			maxThreads: this.#options.size,
			idleTimeout: 10_000,
			resourceLimits: { maxOldGenerationSizeMb: this.#options.memoryMb },
		})
		const { port1: port, port2 } = new MessageChannel()
		const kill = new AbortController()
		job.signal.addEventListener('abort', () => {
			tell(port, { stop: (job.signal.reason as StopError).reason })
			setTimeout(() => kill.abort(), KILL_AFTER_MS).unref()
		})
		port.on('message', (message: ThreadMessage) => this.#answer(job, port, message))
		const threadJob: ThreadJob = {
			tasksModule: this.#options.tasksModule,
			payload,
			port: port2,
			job: { id: job.id, type: job.type, attempt: job.attempt, maxAttempts: job.maxAttempts },
		}
		try {
			await this.#turn(kill.signal)
			try {
				return unpack(await this.#pool.run(threadJob, { transferList: [port2], signal: kill.signal }))
			} finally {
				this.#next()
			}
		} catch (error) {
			if (kill.signal.aborted) throw job.signal.reason
			throw error
		} finally {
			port.close()
		}
	}

	/** Resolves when a thread is free for the caller; rejects when it is asked to stop before that. */
	#turn(signal: AbortSignal): Promise<void> {
		if (this.#busy < this.#options.size) {
			this.#busy++
			return Promise.resolve()
		}
		return new Promise((resolve, reject) => {
			this.#waiting.push(resolve)
			signal.addEventListener('abort', () => {
				const at = this.#waiting.indexOf(resolve)
				if (at < 0) return
				this.#waiting.splice(at, 1)
				reject(signal.reason)
			})
		})
	}

	#next(): void {
		const next = this.#waiting.shift()
		if (next) next()
		else this.#busy--
	}

	#answer(job: RunningJob, port: MessagePort, message: ThreadMessage): void {
		if ('log' in message) job.write(message.log, message.message, message.data)
		else if ('percent' in message) job.progress(message.percent, message.data)
		else
			job.parents().then(
				(parents) => tell(port, { parents: Object.values(parents) }),
				(error) => tell(port, { parentsError: String(error) }),
			)
	}

	async close(): Promise<void> {
		await this.#pool?.destroy()
	}
}

/** A thread that is computing cannot hear that it should stop; it gets this long to fall silent, then it is killed. */
const KILL_AFTER_MS = 1_000
type MessagePort = import('node:worker_threads').MessagePort

const tell = (port: MessagePort, message: WorkerMessage) => port.postMessage(message)

function unpack(answer: ThreadAnswer): unknown {
	if ('result' in answer) return answer.result
	const { error, fatal, retryAfterSeconds } = answer
	const thrown = fatal
		? new FatalError(error.message)
		: retryAfterSeconds === undefined
			? new Error(error.message)
			: new RetryAfterError(retryAfterSeconds, error.message)
	throw Object.assign(thrown, { stack: error.stack }, fatal || retryAfterSeconds !== undefined ? {} : { name: error.name })
}
