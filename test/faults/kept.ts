import { Running, type Start } from './processes.ts'

/** A process that ends so often before it works never will. */
const MOST_STARTS = 10

export interface KeptOptions {
	slot: string
	start: (name: string) => Start
	/** Told of every end that the nemesis did not bring about. */
	onEnd: (running: Running, how: string) => void
}

/** A process that is started again when it was killed, as any supervisor does. */
export class Kept {
	readonly #options: KeptOptions
	readonly past: Running[] = []
	#starts = 0
	#stopping = false
	#killed = false
	#running: Running

	constructor(options: KeptOptions) {
		this.#options = options
		this.#running = this.#start()
	}

	get running(): Running {
		return this.#running
	}

	/** Resolves when the start that runs by then works: one that ended before, as where another process had its port, is started again. */
	async untilReady(): Promise<void> {
		for (const most = this.#starts + MOST_STARTS; ; ) {
			const { ready, ended, name, tail } = this.#running
			const how = await Promise.race([ready, ended])
			if (how === undefined) return
			if (this.#stopping || this.#starts >= most) throw new Error(`${name} did not begin to work: ${how}\n${tail.join('\n')}`)
		}
	}

	/** How often any of its starts has logged this message. */
	count(message: string): number {
		return [...this.past, this.#running].reduce((sum, { messages }) => sum + (messages.get(message) ?? 0), 0)
	}

	#start(): Running {
		const { slot, start, onEnd } = this.#options
		const running = new Running(start(`${slot}.${++this.#starts}`))
		void running.ended.then((how) => {
			if (this.#stopping) return
			if (!this.#killed) onEnd(running, how)
			this.#killed = false
			this.past.push(running)
			this.#running = this.#start()
		})
		return running
	}

	/** SIGKILL; the next start is under way when this resolves. */
	async kill(): Promise<void> {
		this.#killed = true
		this.#running.child.kill('SIGKILL')
		await this.#running.ended
	}

	/** SIGTERM, as a deploy does it; the next start is under way when this resolves. Answers how it ended. */
	restart(): Promise<string> {
		this.#killed = true
		return this.#running.stop()
	}

	/** Asks it to stop for good. Answers how it ended. */
	stop(): Promise<string> {
		this.#stopping = true
		return this.#running.stop()
	}
}
