import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Facts } from '../facts.ts'
import type { Storm } from '../storm.ts'
import type { Row } from '../trial.ts'
import { repeat } from './repeat.ts'

const send = (storm: Storm, type: string, ms = 0): Promise<string[]> => storm.submit([{ type, payload: { tag: randomUUID(), ms } }])

/** What is not as it should be with the jobs of a type: their ends, and that there are any. */
function ends({ jobs }: Facts, type: string, status: string, reason: string | null): string[] {
	const found = jobs.filter((job) => job.type === type)
	const others = found.filter((job) => job.status !== status || (reason !== null && job.reason !== reason))
	if (found.length === 0) return [`there was no job of type ${type}, so nothing was shown`]
	return others.map((job) => `job ${job.job_id} of type ${type} is ${job.status} (${job.reason}) and should be ${status} (${reason})`)
}

/** Nobody else's job may pay for it. */
const unharmed = ({ jobs }: Facts, type: string): string[] =>
	jobs
		.filter((job) => job.type !== type && job.status === 'failed')
		.map((job) => `job ${job.job_id} of type ${job.type} failed: ${job.reason}`)

export const poison: Row = {
	name: 'poison',
	title: 'a job that kills each worker that runs it',
	group: 'handlers',
	storm: { deaths: 3 },
	async fault(storm, seconds) {
		await send(storm, 'poison')
		for (let waited = 0; storm.deaths < 3 && waited < 60; waited += 0.1) await sleep(100)
		await sleep(seconds * 1000)
	},
	expect(storm, _history, facts) {
		storm.notes.push(`${storm.deaths} workers died of it`)
		return [
			...ends(facts, 'poison', 'failed', 'crashed'),
			...unharmed(facts, 'poison'),
			...(storm.deaths === 3 ? [] : [`${storm.deaths} workers died of a poison job instead of 3`]),
		]
	},
}

export const deaf: Row = {
	name: 'deaf-handler',
	title: 'a handler that ignores its signal',
	group: 'handlers',
	fault: (storm, seconds) => repeat(Math.max(seconds, 8), 5, () => send(storm, 'deaf', 600_000)),
	expect: (_storm, _history, facts) => [...ends(facts, 'deaf', 'failed', null), ...unharmed(facts, 'deaf')],
}

export const blocking: Row = {
	name: 'blocked-event-loop',
	title: 'a handler that blocks the event loop',
	group: 'handlers',
	storm: { leaseSeconds: 15 },
	// in the long form beyond the lease, so that its outcome comes too late and the job runs again
	async fault(storm, seconds) {
		storm.mark(
			'stop',
			storm.workers.map(({ running }) => running.name),
		)
		await send(storm, 'blocking', Math.min(seconds, 20) * 1000)
		await sleep(Math.max(seconds, 8) * 1000)
	},
	expect: (_storm, { ends: ended }, facts) => [
		...facts.jobs
			.filter(({ type, job_id }) => type === 'blocking' && !ended.has(job_id))
			.map(({ job_id }) => `job ${job_id} never unblocked`),
		...unharmed(facts, 'blocking'),
	],
}

export const hungry: Row = {
	name: 'hungry-thread',
	title: 'a handler that eats memory in a thread',
	group: 'handlers',
	fault: (storm, seconds) => repeat(seconds, 5, () => send(storm, 'hungry')),
	expect: (_storm, _history, facts) => [...ends(facts, 'hungry', 'failed', null), ...unharmed(facts, 'hungry')],
}
