import type { Task } from './task.ts'

/** The part of pino that workers use. */
export type Logger = Record<'debug' | 'info' | 'warn' | 'error', (details: object, message: string) => void>

export interface WorkerOptions {
	connectionString: string
	/** For the session that listens and is watched; differs from the other only behind a transaction pooler. */
	directConnectionString?: string
	tasks: Task[]
	/** The module that exports `tasks`, for worker threads. */
	tasksModule: string
	log: Logger
	name?: string
	/** Handlers at a time. */
	concurrency: number
	cpuUnits: number
	memoryMb: number
	/** What else its jobs can take, such as `{ gpu: 2 }`. */
	resources?: Record<string, number>
	/** Worker threads at a time. */
	threads: number
	queues?: string[]
	shutdownGraceSeconds: number
}
