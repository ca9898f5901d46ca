import fs from 'node:fs'
import type { Job } from './simulate-jobs.ts'
import { UsageError } from './workflow-file.ts'

/** The columns of the Standard Workload Format 2.2 (feitelson.org/parallel-workloads), -1 where unknown. */
const COLUMNS = [
	...['job number', 'submit time', 'wait time', 'run time', 'allocated processors', 'average cpu time', 'used memory'],
	...['requested processors', 'requested time', 'requested memory', 'status', 'user', 'group', 'executable', 'queue', 'partition'],
	...['preceding job', 'think time'],
] as const
type Column = (typeof COLUMNS)[number]

export interface Trace {
	/** As its header says: MaxProcs, or else MaxNodes. */
	processors: number | null
	/** In the order of their submits. */
	jobs: Job[]
	/** Why some are left out, and how many. */
	skipped: Map<string, number>
}

/** Reads a trace from a file. Throws UsageError where it cannot, naming the line. */
export function readTrace(file: string): Trace {
	let text: string
	try {
		text = fs.readFileSync(file, 'utf8')
	} catch (error) {
		throw new UsageError(`cannot read ${file}: ${(error as Error).message}`)
	}
	return parseTrace(text, file)
}

export function parseTrace(text: string, file: string): Trace {
	const header = new Map<string, number>()
	const skipped = new Map<string, number>()
	const jobs: Job[] = []
	text.split(/\r?\n/).forEach((line, n) => {
		const fail = (what: string): never => {
			throw new UsageError(`${file}, line ${n + 1}: ${what}`)
		}
		const [, name, value] = /^\s*;\s*(MaxProcs|MaxNodes)\s*:\s*(\S*)/i.exec(line) ?? []
		if (name && value !== '-1')
			header.set(name.toLowerCase(), size(value!) ?? fail(`${name} is ${JSON.stringify(value)}, and not a whole number above 0`))
		else if (line.trim() !== '' && !/^\s*;/.test(line)) {
			const job = toJob(parseRecord(line, fail))
			if (typeof job === 'string') skipped.set(job, (skipped.get(job) ?? 0) + 1)
			else jobs.push(job)
		}
	})
	jobs.sort((a, b) => a.submit - b.submit)
	return { processors: header.get('maxprocs') ?? header.get('maxnodes') ?? null, jobs, skipped }
}

const size = (value: string): number | null => (/^[1-9]\d*$/.test(value) ? Number(value) : null)

function parseRecord(line: string, fail: (what: string) => never): Record<Column, number> {
	const fields = line.trim().split(/\s+/)
	if (fields.length !== COLUMNS.length) fail(`${fields.length} columns, where a job has ${COLUMNS.length}`)
	const values = fields.map((field, n) => {
		if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(field))
			fail(`column ${n + 1} (${COLUMNS[n]}) is ${JSON.stringify(field)}, and not a number`)
		return Number(field)
	})
	return Object.fromEntries(COLUMNS.map((column, n) => [column, values[n]!])) as Record<Column, number>
}

/** A job, or why it is left out. */
function toJob(record: Record<Column, number>): Job | string {
	const processors = record['requested processors'] > 0 ? record['requested processors'] : record['allocated processors']
	const run = record['run time']
	if (!(record['submit time'] >= 0)) return 'no submit time'
	if (!(processors > 0)) return 'no processors'
	if (!(run > 0)) return 'no run time'
	return {
		number: record['job number'],
		submit: record['submit time'],
		run,
		expected: record['requested time'] > 0 ? record['requested time'] : run,
		processors,
		memoryMb: Math.max(0, Math.ceil((record['requested memory'] * processors) / 1024)),
	}
}
