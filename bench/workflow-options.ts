import { parseArgs } from 'node:util'
import { UsageError } from './workflow-file.ts'

export const HELP = `Usage: npm run workflow -- FILE [--speed 1000] [--workers 1] [--cpu 4] [--json]

Runs a recorded workflow (WfFormat 1.5, as in the WfCommons collection) through the queue: one job a task, the whole graph in
one call. Prints its makespan beside the lower bound, and the most that was held; then checks from the database's record that
every job completed, that none started before its parents had finished, and that no worker held more than it has.

  FILE         cpu_units from coreCount (1 where absent), memory_mb from memoryInBytes (64 where absent)
  --speed S    run times are divided by this; 1000
  --workers N  worker processes; 1
  --cpu C      cpu units of each worker; 4. Each has memory for any C cpu units' worth of jobs.
  --json       one line of JSON instead of text; times in seconds
  --help       this text

Uses the database of DATABASE_URL, and migrates it; without one, brings up a PostgreSQL of its own and removes it at the end.
Exit code: 0 all checks hold, 1 a check failed or the run did, 2 wrong usage, 130 interrupted.`

export interface Options {
	file: string
	speed: number
	workers: number
	cpu: number
	json: boolean
}

/** Reads the command line; null where help was asked for. Throws UsageError, or parseArgs' own errors. */
export function readOptions(args: string[]): Options | null {
	const string = (value: string) => ({ type: 'string', default: value }) as const
	const { values, positionals } = parseArgs({
		args,
		options: {
			speed: string('1000'),
			workers: string('1'),
			cpu: string('4'),
			json: { type: 'boolean' },
			help: { type: 'boolean', short: 'h' },
		},
		allowPositionals: true,
	})
	if (values.help) return null
	const number = (name: 'speed' | 'workers' | 'cpu', pattern: RegExp, expected: string, maximum: number): number => {
		const value = Number(values[name])
		if (!pattern.test(values[name]) || !(value > 0 && value <= maximum))
			throw new UsageError(`--${name} takes ${expected}, and not ${JSON.stringify(values[name])}`)
		return value
	}
	if (positionals.length !== 1) throw new UsageError(positionals.length === 0 ? 'which FILE?' : `one FILE, not ${positionals.length}`)
	return {
		file: positionals[0]!,
		speed: number('speed', /^\d*\.?\d+(e[+-]?\d+)?$/, 'a number above 0', 1e12),
		workers: number('workers', /^\d+$/, 'a whole number from 1 to 1000', 1000),
		cpu: number('cpu', /^\d*\.?\d{1,3}$/, 'a number above 0, three decimals at most', 100_000),
		json: values.json ?? false,
	}
}
