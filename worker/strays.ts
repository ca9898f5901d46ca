import { AsyncLocalStorage } from 'node:async_hooks'
import { onStray } from '../db/lifecycle.ts'
import type { RunningJob } from './running-job.ts'

/** Whose handler runs, in whatever it has set going: timers, sockets, forgotten promises. 0.2 µs a job. */
const handlers = new AsyncLocalStorage<RunningJob>()

/** Runs a handler so that what it lets fly can be traced back to its job. */
export const traced = <T>(job: RunningJob, handler: () => T): T => handlers.run(job, handler)

/**
 * An exception in a callback that nobody awaits fails the job whose handler made it: what it was to answer will never come, and no
 * other job of this process has to do with it. A rejection that nobody handles is only told: the handler may go on without it.
 */
export function catchStrays(): void {
	onStray((error, kind) => {
		const job = handlers.getStore()
		if (!job) return undefined
		if (kind === 'uncaughtException') job.onStray?.(error)
		return `job ${job.id} (${job.type}, attempt ${job.attempt})`
	})
}
