import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { task } from '../task.ts'

const DAY_SECONDS = 86_400

export const sleep = task(
	{
		type: 'sleep',
		description: 'Waits, and does nothing else.',
		payload: z.strictObject({
			duration: z.number().min(0).max(DAY_SECONDS).describe('How long to wait, in seconds; decimals are welcome'),
		}),
		// a minute more than the longest sleep, so that no sleep ends as a timeout
		timeoutSeconds: DAY_SECONDS + 60,
	},
	async ({ duration }, job) => {
		await setTimeout(duration * 1000, undefined, { signal: job.signal }).catch((error) => {
			throw job.signal.aborted ? job.signal.reason : error
		})
		return { slept: duration }
	},
)
