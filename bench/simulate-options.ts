import { parseArgs } from 'node:util'
import { UsageError } from './workflow-file.ts'

/** Of settings.reserve_after_seconds. */
const DEFAULT_RESERVE_AFTER = 30

export const HELP = `Usage: npm run simulate -- TRACE [--processors P] [--workers 1] [--memory MB] [--reserve-after 30] [--jobs N] [--json]

Replays a job trace in the Standard Workload Format (such as bench/traces/small.swf, or one of the Parallel Workloads Archive)
through taskq's stored functions with the clock moved. Prints how busy the machine was and how long jobs waited, beside two
yardsticks: EASY backfill, and strict first come, first served. Checks that every job ran once and no worker held too much.

  TRACE              cpu_units from the requested processors (or those allocated), expected_seconds from the requested time,
                     memory_mb from the requested memory
  --processors P     cpu units of all workers together; MaxProcs or MaxNodes of the trace's header
  --workers N        so many workers share them evenly, and a job runs on one of them; 1
  --memory MB        memory of all workers together; as much as cannot run out
  --reserve-after S  seconds until a worker is kept free for a large job; ${DEFAULT_RESERVE_AFTER}, which is taskq's default
  --jobs N           only the first N jobs
  --json             one line of JSON instead of text; times in seconds
  --help             this text

Uses a database of its own on the server of DATABASE_URL, without one a PostgreSQL of its own, and removes it at the end.
Exit code: 0 all checks hold, 1 a check failed or the run did, 2 wrong usage, 130 interrupted.`

export interface Options {
	file: string
	/** Null for what the trace says. */
	processors: number | null
	workers: number
	/** Null for as much as cannot run out. */
	memoryMb: number | null
	reserveAfter: number
	/** Null for all. */
	jobs: number | null
	json: boolean
}

/** Reads the command line; null where help was asked for. Throws UsageError, or parseArgs' own errors. */
export function readOptions(args: string[]): Options | null {
	const string = { type: 'string' } as const
	const boolean = { type: 'boolean' } as const
	const { values, positionals } = parseArgs({
		args,
		options: {
			...{ processors: string, workers: string, memory: string, 'reserve-after': string, jobs: string },
			...{ json: boolean, help: { ...boolean, short: 'h' } },
		},
		allowPositionals: true,
	})
	if (values.help) return null
	const whole = (name: 'processors' | 'workers' | 'memory' | 'reserve-after' | 'jobs', maximum: number): number | null => {
		const value = values[name]
		if (value === undefined) return null
		if (!/^\d+$/.test(value) || Number(value) < 1 || Number(value) > maximum)
			throw new UsageError(`--${name} takes a whole number from 1 to ${maximum}, and not ${JSON.stringify(value)}`)
		return Number(value)
	}
	if (positionals.length !== 1) throw new UsageError(positionals.length === 0 ? 'which TRACE?' : `one TRACE, not ${positionals.length}`)
	return {
		file: positionals[0]!,
		processors: whole('processors', 100_000_000),
		workers: whole('workers', 1000) ?? 1,
		memoryMb: whole('memory', 2_000_000_000),
		reserveAfter: whole('reserve-after', 86_400) ?? DEFAULT_RESERVE_AFTER,
		jobs: whole('jobs', 1_000_000_000),
		json: values.json ?? false,
	}
}
