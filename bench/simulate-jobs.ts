/** What the schedulers of `npm run simulate` share: a job, the machine, and the events that a trace consists of. */

/** One job of a trace. Times are seconds from the trace's own zero. */
export interface Job {
	/** As the trace numbers it. */
	number: number
	submit: number
	run: number
	/** How long whoever submitted it said that it would run. */
	expected: number
	processors: number
	memoryMb: number
}

/** So many workers, alike; a job runs on one of them. */
export interface Machine {
	workers: number
	/** Of each. */
	processors: number
	/** Of each. */
	memoryMb: number
}

export interface Started {
	job: Job
	worker: number
}

/** Where and when a job ran. */
export interface Placement extends Started {
	start: number
	end: number
}

/** Decides what starts. It is asked at every instant at which a job is submitted or ends: in between, nothing gets room. */
export interface Scheduler {
	step(now: number, submitted: Job[], ended: Placement[]): Started[] | Promise<Started[]>
}

/** Runs all events in their order, at the speed of the scheduler. Answers what ran, in the order of the starts. */
export async function replay(jobs: Job[], scheduler: Scheduler, signal?: AbortSignal): Promise<Placement[]> {
	const placements: Placement[] = []
	/** The next to end is the last. */
	const running: Placement[] = []
	for (let next = 0; ; ) {
		const now = Math.min(jobs[next]?.submit ?? Infinity, running.at(-1)?.end ?? Infinity)
		if (now === Infinity) return placements
		signal?.throwIfAborted()
		const first = next
		while (jobs[next] && jobs[next]!.submit <= now) next++
		const ended: Placement[] = []
		while (running.length > 0 && running.at(-1)!.end <= now) ended.push(running.pop()!)
		for (const started of await scheduler.step(now, jobs.slice(first, next), ended)) {
			const placement = { ...started, start: now, end: now + started.job.run }
			placements.push(placement)
			insert(running, placement)
		}
	}
}

/** Keeps the later end before the earlier one. */
function insert(running: Placement[], placement: Placement): void {
	let low = 0
	let high = running.length
	while (low < high) {
		const middle = (low + high) >> 1
		if (running[middle]!.end > placement.end) low = middle + 1
		else high = middle
	}
	running.splice(low, 0, placement)
}

/** What is free on each worker. */
export class Room {
	readonly free: { processors: number; memoryMb: number }[]

	constructor({ workers, processors, memoryMb }: Machine) {
		this.free = Array.from({ length: workers }, () => ({ processors, memoryMb }))
	}

	fits(worker: number, { processors, memoryMb }: Job): boolean {
		const free = this.free[worker]!
		return processors <= free.processors && memoryMb <= free.memoryMb
	}

	/** The first worker that has room for it, or -1. */
	find(job: Job): number {
		return this.free.findIndex((_, worker) => this.fits(worker, job))
	}

	take({ worker, job }: Started): void {
		this.free[worker]!.processors -= job.processors
		this.free[worker]!.memoryMb -= job.memoryMb
	}

	give({ worker, job }: Started): void {
		this.free[worker]!.processors += job.processors
		this.free[worker]!.memoryMb += job.memoryMb
	}
}
