import { z } from 'zod'
import { task } from '../task.ts'

/** The cheapest task there can be: benchmarks of the queue measure the queue with it. */
export const echo = task(
	{
		type: 'echo',
		description: 'Gives its payload back as its result.',
		payload: z.looseObject({}).describe('Any JSON object'),
		timeoutSeconds: 10,
	},
	(payload) => payload,
)
