import type { Entry, Sample } from './results.ts'
import type { Bench } from './run.ts'

/** A figure of a table. */
export interface Column {
	key: string
	title: string
	digits: number
	/** Whether its ratio to the reference is shown, with its spread. */
	ratio?: boolean
}

/** One question, its table and its charts. */
export interface Row {
	name: string
	title: string
	/** What is measured and how, for the reader of the table. */
	about: string
	columns: Column[]
	/** What an entry is compared with: taskq in the same case where not said. */
	reference?: (entry: Entry) => { case: string; system: string }
	/** What that is called. */
	referenceTitle?: string
	/** Columns that become a chart. */
	charts: string[]
	/** Only where asked for by name. */
	isExtra?: boolean
	run(bench: Bench): Promise<Entry[]>
}

export const RATE: Column = { key: 'jobs_per_second', title: 'jobs/s', digits: 0, ratio: true }
/** What a job costs. */
export const COSTS: Column[] = [
	{ key: 'postgres_us', title: 'PostgreSQL cpu, µs/job', digits: 1 },
	{ key: 'client_us', title: 'client cpu, µs/job', digits: 1 },
	{ key: 'wal_bytes', title: 'WAL, bytes/job', digits: 0 },
	{ key: 'transactions', title: 'transactions/job', digits: 4 },
]
export const LATENCY: Column[] = [
	{ key: 'p50_ms', title: 'p50, ms', digits: 2, ratio: true },
	{ key: 'p95_ms', title: 'p95, ms', digits: 2 },
	{ key: 'p99_ms', title: 'p99, ms', digits: 2, ratio: true },
]

export const thousands = (count: number): string => count.toLocaleString('en')

/** What a line on the terminal says of a sample. */
export const brief = (sample: Sample): string =>
	Object.entries(sample)
		.map(([key, value]) => `${key} ${Number(value.toPrecision(4))}`)
		.join(', ')
