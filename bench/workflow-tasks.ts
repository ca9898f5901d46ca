import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { type Task, task } from '../worker/task.ts'

/** setTimeout takes at most 2^31 - 1 ms. */
const LONGEST_MS = 2 ** 31 - 1

/** The one job type of `npm run workflow`: takes as long as it is told, and answers when its handler began and ended (ms since 1970). */
export const tasks: Task[] = [
	task(
		{ type: 'workflow_step', description: 'A step of a recorded workflow.', payload: z.object({ seconds: z.number().nonnegative() }) },
		async ({ seconds }, job) => {
			const began = performance.now()
			// a timer can fire a millisecond early, and a step that takes less than it should would beat the lower bound
			for (let left = seconds * 1000; left > 0; left = began + seconds * 1000 - performance.now())
				await sleep(Math.min(Math.ceil(left), LONGEST_MS), undefined, { signal: job.signal })
			return { began_at: performance.timeOrigin + began, ended_at: performance.timeOrigin + performance.now() }
		},
	),
]
