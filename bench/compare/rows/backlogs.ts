import { Entries } from '../results.ts'
import { brief, COSTS, RATE, type Row, thousands } from '../row.ts'
import { type Bench, withDatabase } from '../run.ts'
import { rotated } from '../statistics.ts'
import type { BacklogKind, System } from '../system.ts'
import { drain } from './drain.ts'

const JOBS = 20_000
const BESIDE = 1_000_000
const kinds: BacklogKind[] = ['scheduled', 'finished', 'unfit']
const NONE = 'nothing else'
/** What follows the first word is what the system calls it. */
const titles: Record<BacklogKind, string> = { scheduled: 'scheduled', finished: 'finished', unfit: 'ready, but not for this worker' }

interface Place {
	case: string
	database: string
}

/** A database without and one with each backlog, of which each run gets a copy. */
async function prepare(bench: Bench, system: System, jobs: number, entries: Entries): Promise<Place[]> {
	const places = [{ case: NONE, database: await bench.cluster.create(system) }]
	entries.add(NONE, system.name, null)
	for (const kind of kinds) {
		const backlog = system.backlogs[kind]
		const name = `${thousands(jobs)} ${titles[kind]}`
		if (typeof backlog === 'string') {
			entries.add(name, system.name, null, backlog)
			continue
		}
		const database = await bench.cluster.create(system)
		await bench.cluster.run(database, (db) => backlog.load(db, jobs))
		entries.add(name, system.name, null, backlog.says)
		places.push({ case: name, database })
	}
	for (const { database } of places) await bench.cluster.settle(database)
	bench.progress(`${system.name}: backlogs are loaded`)
	return places
}

export const backlogs: Row = {
	name: 'backlog',
	title: 'Drain beside a million other jobs',
	about: `${thousands(JOBS)} jobs by one worker process in a database that holds ${thousands(BESIDE)} others; ratios are to the same system with nothing else, in the same round.`,
	columns: [RATE, ...COSTS.slice(0, 3)],
	reference: ({ system }) => ({ case: NONE, system }),
	referenceTitle: 'itself, nothing else',
	charts: ['ratio:jobs_per_second'],
	async run(bench) {
		const entries = new Entries()
		const jobs = bench.scale.jobs || Math.ceil(JOBS / bench.scale.divisor)
		const places = new Map<System, Place[]>()
		try {
			for (const system of bench.systems)
				places.set(system, await prepare(bench, system, Math.ceil(BESIDE / (bench.scale.jobs ? 100 : bench.scale.divisor)), entries))
			for (let round = 0; round < bench.scale.rounds; round++) {
				for (const system of rotated(bench.systems, round)) {
					for (const place of rotated(places.get(system)!, round)) {
						const run = (database: string) => drain(bench, { system, database, jobs, workers: 1 })
						const sample = await withDatabase(bench, system, run, place.database)
						bench.progress(`${system.name}, ${place.case}: ${brief(sample)}`)
						entries.add(place.case, system.name, sample)
					}
				}
			}
		} finally {
			for (const { database } of [...places.values()].flat()) await bench.cluster.drop(database)
		}
		return entries.list(bench.systems.map(({ name }) => name))
	},
}
