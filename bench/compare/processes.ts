import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import path from 'node:path'
import type { System } from './system.ts'

export type ToWorker = 'cpu' | 'latencies' | 'stop'
export type FromWorker =
	| { is: 'ready' }
	| { is: 'handled'; handled: number }
	| { is: 'cpu'; seconds: number }
	| { is: 'latencies'; latencies: number[] }

/** One that does not stop by then is killed: what it held is in a database that goes. */
const STOP_MS = 15_000

/** Nothing that works is silent for so long. */
const SILENCE_MS = 60_000

const PROGRAM = path.join(import.meta.dirname, 'worker.ts')

/** One that is paused would not notice that we are gone. */
const living = new Set<ChildProcess>()
process.on('exit', () => {
	for (const child of living) child.kill('SIGKILL')
})

/** Worker processes of one system on one database. */
export class Workers {
	readonly #children: ChildProcess[]
	readonly #handled: number[]
	readonly #events = new EventEmitter()
	#stopping = false

	private constructor(system: System, url: string, count: number) {
		this.#handled = Array(count).fill(0)
		this.#children = this.#handled.map((_, n) => {
			const child = fork(PROGRAM, [system.name, url], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
			child.on('message', (message: FromWorker) => {
				if (message.is === 'handled') this.#handled[n] = message.handled
				this.#events.emit(message.is === 'handled' ? 'handled' : `${message.is} ${n}`, message)
			})
			living.add(child)
			child.on('exit', (code, signal) => {
				living.delete(child)
				if (!this.#stopping) this.#events.emit('error', new Error(`a worker of ${system.name} has ended by itself (${signal ?? code})`))
			})
			return child
		})
		this.#events.on('error', () => {}) // whoever waits hears of it
	}

	/** Resolves when all take jobs. */
	static async start(system: System, url: string, count: number): Promise<Workers> {
		const workers = new Workers(system, url, count)
		await Promise.all(workers.#children.map((_, n) => once(workers.#events, `ready ${n}`)))
		return workers
	}

	/** Jobs handled so far, by all of them. */
	get handled(): number {
		return this.#handled.reduce((sum, one) => sum + one, 0)
	}

	/** Resolves when so many jobs have been handled, or with false after so long. Rejects if none was for a minute. */
	async untilHandled(jobs: number, milliseconds = Number.POSITIVE_INFINITY): Promise<boolean> {
		const deadline = performance.now() + milliseconds
		while (this.handled < jobs) {
			const left = deadline - performance.now()
			if (left <= 0) return false
			const late = AbortSignal.timeout(Math.ceil(Math.min(left, SILENCE_MS)))
			await once(this.#events, 'handled', { signal: late }).catch((error) => {
				if (!late.aborted) throw error
				if (left > SILENCE_MS) throw new Error(`no job was handled for a minute: ${this.handled} of ${jobs} were`)
			})
		}
		return true
	}

	/** Cpu seconds of all of them. */
	async cpuSeconds(): Promise<number> {
		const answers = await this.#ask<{ seconds: number }>('cpu')
		return answers.reduce((sum, { seconds }) => sum + seconds, 0)
	}

	/** Milliseconds from submit to handler, of each job since the last time. */
	async latencies(): Promise<number[]> {
		return (await this.#ask<{ latencies: number[] }>('latencies')).flatMap(({ latencies }) => latencies)
	}

	/** Stops the clock: connected and warm, they go on when they are told to. */
	pause(): void {
		for (const child of this.#children) child.kill('SIGSTOP')
	}

	resume(): void {
		for (const child of this.#children) child.kill('SIGCONT')
	}

	async stop(): Promise<void> {
		this.#stopping = true
		await Promise.all(
			this.#children.map(async (child) => {
				if (child.exitCode !== null || child.signalCode !== null) return
				const gone = once(child, 'exit')
				child.kill('SIGCONT')
				if (child.connected) child.send('stop' satisfies ToWorker)
				const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
				await gone
				clearTimeout(kill)
			}),
		)
	}

	#ask<Answer>(question: 'cpu' | 'latencies'): Promise<Answer[]> {
		return Promise.all(
			this.#children.map(async (child, n) => {
				const answer = once(this.#events, `${question} ${n}`)
				child.send(question satisfies ToWorker)
				return (await answer)[0]
			}),
		)
	}
}
