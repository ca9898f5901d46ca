import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'

/** What has to be undone at the end, the last first. */
export type Stops = (() => unknown)[]

const root = path.resolve(import.meta.dirname, '..')

/** One name for all runs: each lane of another queue would stay, and make claims slower. */
export const QUEUE = 'workflow'

export interface WorkerOptions {
	url: string
	workers: number
	cpu: number
	memoryMb: number
	/** So many that cpu is the limit. */
	concurrency: number
}

/** Starts `npm run worker` so many times, each a process of its own. `ended` rejects if one ends by itself. */
export async function startWorkers(stops: Stops, options: WorkerOptions): Promise<{ ended: Promise<never> }> {
	const env = {
		...process.env,
		DATABASE_URL: options.url,
		DATABASE_DIRECT_URL: process.env.DATABASE_URL ? process.env.DATABASE_DIRECT_URL : '', // that of another database otherwise
		TASKQ_TASKS: path.join(import.meta.dirname, 'workflow-tasks.ts'),
		WORKER_QUEUES: QUEUE,
		WORKER_CONCURRENCY: String(options.concurrency),
		MAX_CPU_UNITS: String(options.cpu),
		MAX_MEMORY_MB: String(options.memoryMb),
		SHUTDOWN_GRACE_SECONDS: '0',
		LOG_LEVEL: 'info',
		npm_lifecycle_event: 'workflow', // then a worker ends when this process is gone without a word
	}
	const children = Array.from({ length: options.workers }, () =>
		spawn(process.execPath, ['worker/main.ts'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] }),
	)
	let stopping = false
	stops.push(async () => {
		stopping = true
		await Promise.all(children.map(end))
	})
	const ended = new Promise<never>((_, reject) => {
		for (const child of children)
			child.on('close', (code, signal) => stopping || reject(new Error(`a worker has ended by itself (${signal ?? code})`)))
	})
	ended.catch(() => {}) // whoever waits for it hears of it
	await Promise.race([Promise.all(children.map(isReady)), ended])
	return { ended }
}

async function end(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return
	const closed = new Promise((resolve) => child.on('close', resolve))
	child.kill()
	await closed
}

/** Resolves when it says so; its warnings are shown. */
const isReady = (child: ChildProcess): Promise<void> =>
	new Promise((resolve) => {
		createInterface({ input: child.stdout! }).on('line', (line) => {
			if (line.includes('"the worker is ready"')) resolve()
			else if (/"level":[456]0/.test(line)) console.error(line)
		})
	})
