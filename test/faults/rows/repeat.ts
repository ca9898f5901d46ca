import { setTimeout as sleep } from 'node:timers/promises'

/** Does something at once and then each so many seconds, for so long; the last pause is waited for. */
export async function repeat(seconds: number, every: number, work: (turn: number) => Promise<unknown>): Promise<void> {
	const start = performance.now()
	for (let turn = 0; turn * every < seconds; turn++) {
		await work(turn)
		const next = start + (turn + 1) * every * 1000
		await sleep(Math.max(0, Math.min(next, start + seconds * 1000) - performance.now()))
	}
}
