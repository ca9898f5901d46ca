import { z } from 'zod'
import { task } from '../task.ts'

export const randomFailure = task(
	{
		type: 'random_failure',
		description: 'Fails at random, with an error that may be retried: for trying out retries and alerts.',
		payload: z.strictObject({
			failure_rate: z.number().min(0).max(1).describe('Share of the attempts that fail: 0 for none, 1 for all'),
		}),
		timeoutSeconds: 10,
	},
	({ failure_rate }, job) => {
		if (Math.random() < failure_rate) throw new Error(`failed at random on attempt ${job.attempt} (failure_rate ${failure_rate})`)
		return { failed: false, attempt: job.attempt }
	},
)
