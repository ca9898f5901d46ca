import { Entries } from '../results.ts'
import { brief, COSTS, RATE, type Row, thousands } from '../row.ts'
import { type Bench, countTransactions, measure, ownCpu, submitAll, withDatabase } from '../run.ts'
import { rotated } from '../statistics.ts'
import type { Client, System } from '../system.ts'

/** So many callers, each of which waits for its answer before it asks again. */
export async function submitSingly(client: Client, jobs: number, callers: number, first = 0): Promise<void> {
	let next = first
	const caller = async () => {
		while (next < first + jobs) await client.submitOne({ n: next++ })
	}
	await Promise.all(Array.from({ length: callers }, caller))
}

export interface Submits {
	connections: number
	jobs: number
	warmUp: number
	submit: (client: Client, jobs: number, first?: number) => Promise<void>
}

/** A fresh database, a few jobs to warm up, then those that count. */
export function measureSubmits(bench: Bench, system: System, { connections, jobs, warmUp, submit }: Submits, database: string) {
	return countTransactions(bench, database, jobs + warmUp, async () => {
		const client = await system.connect(bench.cluster.url(database), connections)
		try {
			await submit(client, warmUp)
			await bench.cluster.settle(database)
			return await measure(bench, ownCpu, async () => {
				await submit(client, jobs, warmUp)
				return jobs
			})
		} finally {
			await client.close()
		}
	})
}

async function run(bench: Bench, name: string, options: Submits) {
	const entries = new Entries()
	for (let round = 0; round < bench.scale.rounds; round++) {
		for (const system of rotated(bench.systems, round)) {
			const sample = await withDatabase(bench, system, (database) => measureSubmits(bench, system, options, database))
			bench.progress(`${system.name}: ${brief(sample)}`)
			entries.add(name, system.name, sample)
		}
	}
	return entries.list(bench.systems.map(({ name }) => name))
}

const SINGLE = { jobs: 5_000, callers: 10 }
const BULK = { jobs: 50_000, of: 1_000 }

export const singleSubmits: Row = {
	name: 'submit',
	title: 'Single submits',
	about: `${thousands(SINGLE.jobs)} jobs, one a call and a transaction, by ${SINGLE.callers} callers on ${SINGLE.callers} connections of one process; nobody works.`,
	columns: [RATE, ...COSTS],
	charts: ['jobs_per_second'],
	run(bench) {
		const jobs = bench.scale.jobs || Math.ceil(SINGLE.jobs / bench.scale.divisor)
		const submit = (client: Client, count: number, first?: number) => submitSingly(client, count, SINGLE.callers, first)
		return run(bench, `${SINGLE.callers} connections`, { connections: SINGLE.callers, jobs, warmUp: Math.min(500, jobs), submit })
	},
}

export const bulkSubmits: Row = {
	name: 'bulk',
	title: 'Bulk submits',
	about: `${thousands(BULK.jobs)} jobs, ${thousands(BULK.of)} a call, on one connection; nobody works.`,
	columns: [RATE, ...COSTS],
	charts: ['jobs_per_second'],
	run(bench) {
		const jobs = bench.scale.jobs || Math.ceil(BULK.jobs / bench.scale.divisor)
		return run(bench, `${thousands(BULK.of)} a call`, { connections: 1, jobs, warmUp: Math.min(3_000, jobs), submit: submitAll })
	},
}
