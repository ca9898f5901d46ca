import type { Job, Machine, Placement } from './simulate-jobs.ts'

/** How good a schedule is. Times in seconds. */
export interface Metrics {
	/** The part of the machine that was busy between the first submit and the last end. */
	utilisation: number
	meanWait: number
	/** Mean of (wait + run) / run, where what ran less than 10 s counts as 10 s, and never below 1. */
	meanSlowdown: number
	largestWait: number
	/** From the first submit to the last end. */
	makespan: number
}

/** So that a job of a second that waits for a minute does not count as much as one of an hour that waits for two days. */
const SLOWDOWN_THRESHOLD = 10

export const boundedSlowdown = (wait: number, run: number): number => Math.max(1, (wait + run) / Math.max(run, SLOWDOWN_THRESHOLD))

export function measure(placements: Placement[], { workers, processors }: Machine): Metrics {
	if (placements.length === 0) return { utilisation: 0, meanWait: 0, meanSlowdown: 0, largestWait: 0, makespan: 0 }
	const mean = (of: (placement: Placement) => number) => placements.reduce((sum, placement) => sum + of(placement), 0) / placements.length
	const waitOf = ({ job, start }: Placement) => start - job.submit
	const first = placements.reduce((least, { job }) => Math.min(least, job.submit), Infinity)
	const makespan = placements.reduce((most, { end }) => Math.max(most, end), -Infinity) - first
	const work = placements.reduce((sum, { job, start, end }) => sum + job.processors * (end - start), 0)
	return {
		utilisation: work / (workers * processors * makespan),
		meanWait: mean(waitOf),
		meanSlowdown: mean((placement) => boundedSlowdown(waitOf(placement), placement.job.run)),
		largestWait: placements.reduce((most, placement) => Math.max(most, waitOf(placement)), 0),
		makespan,
	}
}

/** The first thing that is wrong with a schedule, in a sentence; null for a sound one. */
export function findFault(jobs: Job[], placements: Placement[], machine: Machine): string | null {
	const left = new Set(jobs)
	for (const { job, start, worker } of placements) {
		if (!left.delete(job)) return `job ${job.number} ran twice, or is not in the trace`
		if (start < job.submit) return `job ${job.number} started at ${start} s and was submitted at ${job.submit} s`
		if (!(worker >= 0 && worker < machine.workers)) return `job ${job.number} ran on worker ${worker}`
	}
	if (left.size > 0) return `${left.size} of ${jobs.length} jobs never ran, such as job ${[...left][0]!.number}`
	return findOverload(placements, machine)
}

/** At one instant, ends come before starts. */
function findOverload(placements: Placement[], machine: Machine): string | null {
	const events = placements
		.flatMap(({ job, worker, start, end }) => [
			{ at: start, sign: 1, job, worker },
			{ at: end, sign: -1, job, worker },
		])
		.sort((a, b) => a.at - b.at || a.sign - b.sign)
	const held = Array.from({ length: machine.workers }, () => ({ processors: 0, memoryMb: 0 }))
	for (const { at, sign, job, worker } of events) {
		const of = held[worker]!
		of.processors += sign * job.processors
		of.memoryMb += sign * job.memoryMb
		if (of.processors > machine.processors) return `worker ${worker} held ${of.processors} of ${machine.processors} processors at ${at} s`
		if (of.memoryMb > machine.memoryMb) return `worker ${worker} held ${of.memoryMb} of ${machine.memoryMb} MB at ${at} s`
	}
	return null
}

/** The value that this part of the values does not exceed (nearest rank). */
export function percentile(values: number[], part: number): number {
	const sorted = [...values].sort((a, b) => a - b)
	return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0
}
