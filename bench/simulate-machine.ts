import type { Job, Machine } from './simulate-jobs.ts'
import type { Options } from './simulate-options.ts'
import type { Trace } from './simulate-swf.ts'
import { UsageError } from './workflow-file.ts'

export interface Setup {
	machine: Machine
	jobs: Job[]
	/** Why some jobs are left out, and how many. */
	skipped: Map<string, number>
}

/** The workers that a trace is replayed on, and those of its jobs that one of them can carry. */
export function setUp(trace: Trace, options: Pick<Options, 'file' | 'processors' | 'workers' | 'memoryMb' | 'jobs'>): Setup {
	const all = options.processors ?? trace.processors
	if (all === null) throw new UsageError(`${options.file} says neither MaxProcs nor MaxNodes: give --processors`)
	const processors = Math.floor(all / options.workers)
	if (processors < 1) throw new UsageError(`${all} processors are too few for ${options.workers} workers`)
	const memoryMb = options.memoryMb === null ? plenty(trace.jobs, processors) : Math.floor(options.memoryMb / options.workers)
	const machine = { workers: options.workers, processors, memoryMb }

	const skipped = new Map(trace.skipped)
	const taken = trace.jobs.slice(0, options.jobs ?? undefined)
	const jobs = taken.filter((job) => job.processors <= processors && job.memoryMb <= memoryMb)
	if (jobs.length < taken.length) skipped.set('larger than a worker', taken.length - jobs.length)
	if (jobs.length === 0) throw new UsageError(`${options.file} holds no job that can be replayed`)
	return { machine, jobs, skipped }
}

/** Jobs that fit a worker's processors fit this. */
const plenty = (jobs: Job[], processors: number): number => {
	const mostOfOne = jobs.reduce((most, job) => Math.max(most, job.memoryMb / job.processors), 0)
	return Math.min(Math.ceil(mostOfOne * processors), 2_000_000_000)
}
