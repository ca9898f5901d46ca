import type { Outcome } from '../db/calls.ts'
import { describeError, isA } from './describe-error.ts'
import { runProcess } from './process.ts'
import type { RunningJob, StopReason } from './running-job.ts'
import { traced } from './strays.ts'
import { FatalError, RetryAfterError } from './task.ts'
import type { Threads } from './threads.ts'

/** How long a handler may go on after it was asked to stop. Then its attempt is over, whatever it does. */
export const STOP_GRACE_MS = 5_000

/**
 * Runs one attempt to its outcome. Never rejects, and never waits longer than the job's timeout and the grace after it. A
 * handler that answers at once answers at once here too.
 */
export function execute(job: RunningJob, threads: Threads): Outcome | Promise<Outcome> {
	job.startedAt = performance.now()
	try {
		const parsed = job.task.payload.safeParse(job.claimed.payload) // throws what a refinement throws
		if (!parsed.success) {
			const issues = parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`)
			return failed(job, new FatalError(`the payload does not fit: ${issues.join('; ')}`))
		}
		const running = start(job, parsed.data, threads)
		// whatever can be awaited is, as query builders and other thenables expect
		return isThenable(running) ? untilOver(job, Promise.resolve(running)) : completed(job, running)
	} catch (error) {
		return failed(job, error)
	}
}

function start(job: RunningJob, payload: unknown, threads: Threads): unknown {
	switch (job.task.isolation) {
		case 'thread':
			return threads.run(job, payload)
		case 'process':
			return runProcess(job, payload)
		case 'inline':
			return traced(job, () => job.task.handler(payload, job))
	}
}

/** The handler, or the end of the grace after it was asked to stop, whichever comes first. */
function untilOver(job: RunningJob, running: Promise<unknown>): Promise<Outcome> {
	return new Promise((resolve) => {
		let grace: NodeJS.Timeout | undefined
		// setTimeout takes at most 2^31 - 1 ms, about 24 days
		const timeout = setTimeout(() => job.stop('timed_out'), Math.min(job.claimed.timeout_seconds * 1000, 2 ** 31 - 1))
		const end = (outcome: Outcome) => {
			clearTimeout(timeout)
			clearTimeout(grace)
			job.onStray = undefined
			resolve(outcome)
		}
		job.onStop = (reason) => {
			grace = setTimeout(() => end(stopped(job, reason, new Error('it did not stop when asked to'))), STOP_GRACE_MS)
		}
		job.onStray = (error) => {
			end(failed(job, error))
			job.onStop = undefined
			job.stop('failed')
		}
		running.then(
			(result) =>
				end(
					job.stopReason && job.stopReason !== 'shutdown' && result === undefined ? stopped(job, job.stopReason) : completed(job, result),
				),
			(error) => end(job.stopReason ? stopped(job, job.stopReason, error) : failed(job, error)),
		)
		if (job.stopReason) job.onStop(job.stopReason)
	})
}

/** Outcomes that are reported only in case a job's own completion was rolled back: that they are rejected is as it should be. */
const precautions = new WeakSet<Outcome>()

export const isPrecaution = (outcome: Outcome): boolean => precautions.has(outcome)

function completed(job: RunningJob, result: unknown): Outcome {
	// a job that completed itself has ended with its transaction; if it is still there, that transaction was rolled back
	if (job.completesItself) {
		const outcome = failed(job, new Error('job.complete() was called, but its transaction was not committed'))
		precautions.add(outcome)
		return outcome
	}
	return job.outcome('completed', { result })
}

function failed(job: RunningJob, error: unknown): Outcome {
	return job.outcome('failed', {
		error: describeError(error),
		fatal: isA(error, FatalError) || undefined,
		retry_after_seconds: isA(error, RetryAfterError) && Number.isFinite(error.seconds) ? error.seconds : undefined,
	})
}

function stopped(job: RunningJob, reason: StopReason, error?: unknown): Outcome {
	switch (reason) {
		case 'timed_out': {
			const message = `timed out after ${job.claimed.timeout_seconds} s`
			return job.outcome('timed_out', { error: { name: 'TimeoutError', message } })
		}
		case 'cancelled':
			return job.outcome('cancelled', { error: error === undefined ? undefined : describeError(error) })
		case 'failed': // has ended by then
		case 'claim_lost':
		case 'shutdown':
			return job.outcome('released')
	}
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
	typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
