/** What is done to the workers of a storm, each time written down before it is done. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Storm } from './storm.ts'

export async function kill(storm: Storm, slot: number): Promise<void> {
	const worker = storm.workers[slot]!
	storm.mark('kill', [worker.running.name])
	await worker.kill()
}

/** A deploy: it is asked to stop, and its successor is there before this resolves. It harms nobody. */
export async function restart(storm: Storm, slot: number): Promise<void> {
	const worker = storm.workers[slot]!
	const { name } = worker.running
	const how = await worker.restart()
	if (how !== 'status 0') storm.failures.push(`${name} was asked to stop: ${how}`)
	await worker.untilReady()
}

/** SIGSTOP, and SIGCONT after so long. */
export async function pause(storm: Storm, slot: number, seconds: number): Promise<void> {
	const { name, child } = storm.workers[slot]!.running
	storm.mark('stop', [name])
	child.kill('SIGSTOP')
	await sleep(seconds * 1000)
	storm.mark('continue', [name])
	child.kill('SIGCONT')
}
