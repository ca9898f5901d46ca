import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const root = path.resolve(import.meta.dirname, '../..')

/** One that was asked to stop and does not is a failure; it is killed after this long. */
const STOP_MS = 40_000

/** What is left of our children when we end, for whatever reason. */
const living = new Set<ChildProcess>()
process.on('exit', () => {
	for (const child of living) child.kill('SIGKILL')
})

export interface Start {
	/** Its name, with the number of this start: `w1.3`. */
	name: string
	program: string
	args?: string[]
	env?: Record<string, string>
	/** A line of its output that says that it works. */
	readyLine: string
}

/** One start of one of taskq's processes, with what it logs. */
export class Running {
	readonly name: string
	readonly child: ChildProcess
	/** The last lines of its log. */
	readonly tail: string[] = []
	/** How often it has logged each message. */
	readonly messages = new Map<string, number>()
	readonly ready: Promise<void>
	/** How it ended, in words. */
	readonly ended: Promise<string>

	constructor({ name, program, args = [], env = {}, readyLine }: Start) {
		this.name = name
		this.child = spawn(process.execPath, [path.join(root, program), ...args], {
			cwd: root,
			env: { ...process.env, LOG_LEVEL: 'info', ...env, npm_lifecycle_event: undefined },
			stdio: ['ignore', 'pipe', 'pipe'],
		})
		living.add(this.child)
		this.ended = once(this.child, 'exit').then(([code, signal]) => {
			living.delete(this.child)
			return signal ?? `status ${code}`
		})
		this.ready = new Promise((resolve) => {
			for (const stream of [this.child.stdout!, this.child.stderr!])
				createInterface({ input: stream }).on('line', (line) => {
					this.#hear(line)
					if (line.includes(readyLine)) resolve()
				})
		})
	}

	#hear(line: string): void {
		const message = /"msg":"([^"]*)"/.exec(line)?.[1] ?? 'other'
		this.messages.set(message, (this.messages.get(message) ?? 0) + 1)
		this.tail.push(line.slice(0, 600))
		if (this.tail.length > 40) this.tail.shift()
	}

	/** Asks it to stop. Answers how it ended. */
	async stop(): Promise<string> {
		await Promise.race([this.ready, this.ended]) // before it listens to signals they kill it
		this.child.kill('SIGCONT')
		this.child.kill('SIGTERM')
		const late = new AbortController()
		const kill = sleep(STOP_MS, undefined, { signal: late.signal }).then(
			() => void this.child.kill('SIGKILL'),
			() => {},
		)
		const how = await this.ended
		late.abort()
		await kill
		return how
	}
}
