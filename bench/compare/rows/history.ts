import type pg from 'pg'
import { cutPast, loadFinished } from '../../load.ts'
import { Entries } from '../results.ts'
import { brief, COSTS, type Row, thousands } from '../row.ts'
import { type Bench, measure, ownCpu, submitAll, withDatabase } from '../run.ts'
import { rotated } from '../statistics.ts'
import { taskq } from '../systems/taskq.ts'
import { emptyClaims } from './claims.ts'
import { drain } from './drain.ts'
import { measurePages } from './pages.ts'

const JOBS = 10_000_000
const DAYS = 7
/** One statement for all would hold them in memory. */
const SLICES = 20
const EMPTY = 'empty: '

async function fill(bench: Bench, database: string, jobs: number): Promise<void> {
	const seconds = (DAYS * 86_400) / SLICES
	await bench.cluster.run(database, async (db) => {
		await db.query('select taskq.configure(job_ttl_seconds => $1)', [(DAYS + 1) * 86_400]) // what ticks in passing would delete them
		await cutPast(db, DAYS * 86_400)
		for (let slice = SLICES - 1; slice >= 0; slice--) {
			await loadFinished(
				db,
				Math.ceil(jobs / SLICES),
				`select 'default', 'bench', n, 0, 0 from generate_series(1, 4) as n`,
				seconds,
				slice * seconds,
			)
			bench.progress(`history: ${SLICES - slice} of ${SLICES} slices`)
		}
	})
	await bench.cluster.settle(database)
}

/** Of all that is kept, indexes included. */
const bytesOnDisk = async (db: pg.Client): Promise<number> =>
	(
		await db.query(
			`select sum(pg_total_relation_size(oid))::float8 as bytes from pg_class where relkind = 'r' and relname ~ '^(job_specs|finished_jobs)_'`,
		)
	).rows[0].bytes

/** What was only submitted must not be there when the next round drains. */
const FORGET = `with gone as (delete from taskq_private.ready_jobs returning job_id)
delete from taskq_private.job_specs as s using gone where s.job_id = gone.job_id`

async function measureAll(bench: Bench, database: string, entries: Entries, prefix: string): Promise<void> {
	const size = (jobs: number) => bench.scale.jobs || Math.ceil(jobs / bench.scale.divisor)
	const add = (name: string, sample: Record<string, number>) => {
		bench.progress(`${prefix}${name}: ${brief(sample)}`)
		entries.add(prefix + name, taskq.name, sample)
	}
	add('drain', await drain(bench, { system: taskq, database, jobs: size(20_000), workers: 1 }))
	const client = await taskq.connect(bench.cluster.url(database), 1)
	await submitAll(client, 3_000)
	add(
		'bulk submit',
		await measure(bench, ownCpu, async () => {
			await submitAll(client, size(20_000))
			return size(20_000)
		}),
	)
	await client.close()
	await bench.cluster.run(database, (db) => db.query(FORGET))
	add('empty claim', await bench.cluster.run(database, (db) => emptyClaims(db, 500)))
	await measurePages(bench, database, entries, prefix)
	await bench.cluster.settle(database)
}

export const history: Row = {
	name: 'history',
	title: 'Ten million finished jobs',
	about: `taskq only, and only with --rows history: ${thousands(JOBS)} finished jobs of the past ${DAYS} days; ratios are to an empty database in the same round.`,
	columns: [
		{ key: 'jobs_per_second', title: 'jobs/s', digits: 0, ratio: true },
		...COSTS.slice(0, 3),
		{ key: 'p50_us', title: 'p50, µs', digits: 0, ratio: true },
		{ key: 'p50_ms', title: 'p50, ms', digits: 2, ratio: true },
		{ key: 'p95_ms', title: 'p95, ms', digits: 2 },
		{ key: 'disk_bytes', title: 'on disk, bytes/job', digits: 0 },
	],
	reference: ({ case: name, system }) => ({ case: EMPTY + name.replace(EMPTY, ''), system }),
	referenceTitle: 'empty',
	charts: [],
	isExtra: true,
	run: (bench) =>
		withDatabase(bench, taskq, (full) =>
			withDatabase(bench, taskq, async (empty) => {
				const entries = new Entries()
				const jobs = JOBS / (bench.scale.jobs ? 1000 : bench.scale.divisor)
				await fill(bench, full, jobs)
				entries.add('size', taskq.name, { disk_bytes: (await bench.cluster.run(full, bytesOnDisk)) / jobs })
				for (let round = 0; round < bench.scale.rounds; round++)
					for (const [database, prefix] of rotated([[full, ''] as const, [empty, EMPTY] as const], round))
						await measureAll(bench, database, entries, prefix)
				return entries.list([taskq.name])
			}),
		),
}
