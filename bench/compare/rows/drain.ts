import { transactionsOf } from '../../measure.ts'
import { Entries, type Sample } from '../results.ts'
import { brief, COSTS, RATE, type Row, thousands } from '../row.ts'
import { type Bench, measure, submitAll, transactionsLater, untilIdle, withCrew, withDatabase } from '../run.ts'
import { rotated } from '../statistics.ts'
import type { System } from '../system.ts'

export interface Drain {
	system: System
	database: string
	jobs: number
	workers: number
}

/** The slow ones are not waited for: what they did in this time tells how fast they are. */
const LIMIT_SECONDS = 30

/**
 * Warm workers are stopped while the jobs are submitted and the database comes to rest, then let go: measured is from there
 * until no job is unfinished, or for half a minute.
 */
export async function drain(bench: Bench, { system, database, jobs, workers: count }: Drain): Promise<Sample> {
	const { cluster } = bench
	const run = await withCrew(bench, { system, database, workers: count }, async ({ client, workers }) => {
		const handledBefore = workers.handled
		const cpuBefore = await workers.cpuSeconds()
		workers.pause()
		const loader = await system.connect(cluster.url(database), 1)
		await submitAll(loader, jobs)
		await loader.close()
		await cluster.settle(database)
		const before = await transactionsOf(cluster.admin, database)

		let looks = 0
		let done = 0
		const cpu = () => (done === 0 ? Promise.resolve(cpuBefore) : workers.cpuSeconds()) // who is stopped does not answer
		const sample = await measure(bench, cpu, async () => {
			workers.resume()
			const all = await workers.untilHandled(handledBefore + jobs, LIMIT_SECONDS * 1000)
			if (all) looks = await untilIdle(client)
			done = workers.handled - handledBefore
			return done
		})
		return { sample, before, looks, done }
	})
	return { ...run.sample, transactions: ((await transactionsLater(bench, database)) - run.before - run.looks) / run.done }
}

/** Of a fresh database. */
export const freshDrain = (bench: Bench, system: System, jobs: number, workers: number): Promise<Sample> =>
	withDatabase(bench, system, (database) => drain(bench, { system, database, jobs, workers }))

const SIZES = [20_000, 200_000]

export const drains: Row = {
	name: 'drain',
	title: 'Drain',
	about: `${SIZES.map(thousands).join(' or ')} no-op jobs are there, then 1 or 2 worker processes go: until none is unfinished, or for ${LIMIT_SECONDS} s. Client cpu is that of the worker processes.`,
	columns: [RATE, ...COSTS],
	charts: ['jobs_per_second', 'postgres_us'],
	async run(bench) {
		const entries = new Entries()
		const sizes = bench.scale.jobs ? [bench.scale.jobs] : SIZES.map((jobs) => Math.ceil(jobs / bench.scale.divisor))
		const shapes = sizes.flatMap((jobs) => [1, 2].map((workers) => ({ jobs, workers })))
		for (const { jobs, workers } of shapes) {
			for (let round = 0; round < bench.scale.rounds; round++) {
				for (const system of rotated(bench.systems, round)) {
					const sample = await freshDrain(bench, system, jobs, workers)
					bench.progress(`${system.name}, ${jobs} jobs, ${workers} workers: ${brief(sample)}`)
					entries.add(`${thousands(jobs)} jobs, ${workers} ${workers === 1 ? 'worker' : 'workers'}`, system.name, sample)
				}
			}
		}
		return entries.list(bench.systems.map(({ name }) => name))
	},
}
