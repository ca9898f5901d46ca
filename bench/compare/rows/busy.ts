import { setTimeout as sleep } from 'node:timers/promises'
import { BULK, type Crew } from '../run.ts'
import { payloads } from '../system.ts'

/** How many jobs are unfinished at any time in a system that is kept busy. */
export const OUTSTANDING = 2_000

/** Keeps about so many jobs unfinished until stopped, in calls of some hundred. */
export function keepBusy({ client, workers }: Crew): { stop: () => Promise<void> } {
	let stopping = false
	let submitted = workers.handled
	const done = (async () => {
		while (!stopping) {
			const missing = Math.min(BULK, OUTSTANDING - (submitted - workers.handled))
			if (missing >= OUTSTANDING / 10) {
				await client.submitMany(payloads(missing, submitted))
				submitted += missing
			} else await sleep(2)
		}
	})()
	done.catch(() => {}) // stop() tells
	return {
		async stop() {
			stopping = true
			await done
		},
	}
}

/** How many jobs are handled in a second, by a system at work. */
export async function rate({ workers }: Crew, seconds: number): Promise<number> {
	const [before, at] = [workers.handled, performance.now()]
	await sleep(seconds * 1000)
	return ((workers.handled - before) * 1000) / (performance.now() - at)
}
