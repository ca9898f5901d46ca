import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Entries, type Sample } from '../results.ts'
import { brief, type Row } from '../row.ts'
import { type Bench, withCrew, withDatabase } from '../run.ts'
import type { System } from '../system.ts'
import { keepBusy, OUTSTANDING, rate } from './busy.ts'

const WINDOW_SECONDS = 20
/** So that the first window sees what all later ones see. */
const RUN_UP_SECONDS = 5

async function deadTuples(bench: Bench, database: string): Promise<number> {
	const sql = 'select coalesce(sum(n_dead_tup), 0)::float8 as dead from pg_stat_user_tables'
	return bench.cluster.run(database, async (db) => (await db.query(sql)).rows[0].dead)
}

async function hold(bench: Bench, system: System, database: string): Promise<Sample> {
	const { snapshotSeconds, divisor } = bench.scale
	const window = Math.min(WINDOW_SECONDS / divisor, snapshotSeconds / 2)
	return withCrew(bench, { system, database, workers: 1 }, async (crew) => {
		const busy = keepBusy(crew)
		const holder = new pg.Client(bench.cluster.url(database))
		try {
			await sleep((RUN_UP_SECONDS * 1000) / divisor)
			const free = await rate(crew, window)

			await holder.connect()
			await holder.query('begin isolation level repeatable read')
			await holder.query('select from pg_class limit 1')
			await sleep((snapshotSeconds - window) * 1000)
			const held = await rate(crew, window)
			const dead = await deadTuples(bench, database)
			return { jobs_per_second: free, held_per_second: held, held_share: held / free, dead_tuples: dead }
		} finally {
			await busy.stop()
			await holder.end()
		}
	})
}

export const snapshots: Row = {
	name: 'snapshot',
	title: 'While another session holds a snapshot',
	about: `About ${OUTSTANDING.toLocaleString('en')} unfinished jobs all the time, one worker process, as fast as it goes; then another session opens a transaction (repeatable read) and keeps it for 5 minutes (--snapshot-seconds), so that no dead row can be cleared away. Throughput in the ${WINDOW_SECONDS} s before it and in the last ${WINDOW_SECONDS} s of it. One round: each system is compared with itself.`,
	columns: [
		{ key: 'jobs_per_second', title: 'jobs/s before', digits: 0 },
		{ key: 'held_per_second', title: 'jobs/s at the end', digits: 0 },
		{ key: 'held_share', title: 'share of it', digits: 2 },
		{ key: 'dead_tuples', title: 'dead rows at the end', digits: 0 },
	],
	charts: ['held_share'],
	async run(bench) {
		const entries = new Entries()
		for (const system of bench.systems) {
			const sample = await withDatabase(bench, system, (database) => hold(bench, system, database))
			bench.progress(`${system.name}: ${brief(sample)}`)
			entries.add(`${bench.scale.snapshotSeconds} s`, system.name, sample)
		}
		return entries.list(bench.systems.map(({ name }) => name))
	},
}
