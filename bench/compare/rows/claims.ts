import type pg from 'pg'
import { type Claim, callOne } from '../../../db/calls.ts'
import { loadReady, loadScheduled } from '../../load.ts'
import { cpuMsOf } from '../../measure.ts'
import { Entries, type Sample } from '../results.ts'
import { brief, type Row } from '../row.ts'
import { type Bench, withDatabase } from '../run.ts'
import { quantile } from '../statistics.ts'
import { taskq } from '../systems/taskq.ts'

const LANES = 50
const CALLS = 1_000
const WARM_UP = 50
const JOBS = 10_000

const lanes = (cpu: string) =>
	`select 'default', 'bench', 1 + n % 10, ${cpu} + (n / 10) * 0.1, 0 from generate_series(0, ${LANES - 1}) as n`

const cases: Record<string, (db: pg.Client) => Promise<unknown>> = {
	[`${LANES} lanes, all their jobs too large for the worker`]: (db) => loadReady(db, JOBS, lanes('64')),
	[`${LANES} lanes, all their jobs scheduled for later`]: (db) => loadScheduled(db, JOBS, lanes('0')),
	[`${LANES} lanes, no job`]: (db) =>
		db.query(`insert into taskq_private.lanes (queue, type, priority, cpu_units, memory_mb) ${lanes('0')}`),
}

/** Cpu of the session that asks, a call: whatever else the machine does. */
export async function emptyClaims(db: pg.Client, calls: number): Promise<Sample> {
	const { rows } = await db.query(`select pg_backend_pid() as pid, taskq.register_worker('bench', '{bench}', 4, 4000, 10)::text as id`)
	const [{ pid, id }] = rows
	const times: number[] = []
	for (let n = -WARM_UP; n < calls; n++) {
		const before = cpuMsOf(pid)
		const claim = await callOne<Claim>(db, 'claimNextJob', [id, 10, null])
		if (claim.jobs.length > 0) throw new Error('the claim was not empty')
		if (n >= 0) times.push((cpuMsOf(pid) - before) * 1000)
	}
	await callOne(db, 'stopWorker', [id])
	return { p50_us: quantile(times, 0.5), p95_us: quantile(times, 0.95) }
}

export const claims: Row = {
	name: 'claim',
	title: 'An empty claim',
	about: `taskq only: cpu of the PostgreSQL session that calls claim_next_job(worker, 10) and gets nothing, with ${LANES} lanes (kinds of jobs).`,
	columns: [
		{ key: 'p50_us', title: 'p50, µs', digits: 0 },
		{ key: 'p95_us', title: 'p95, µs', digits: 0 },
	],
	charts: ['p50_us'],
	async run(bench) {
		const entries = new Entries()
		for (let round = 0; round < bench.scale.rounds; round++) {
			for (const [name, make] of Object.entries(cases)) entries.add(name, taskq.name, await measureCase(bench, make))
			bench.progress(`claims, round ${round + 1}`)
		}
		for (const entry of entries.list([taskq.name])) bench.progress(`${entry.case}: ${brief(entry.samples[0]!)}`)
		return entries.list([taskq.name])
	},
}

const measureCase = (bench: Bench, make: (db: pg.Client) => Promise<unknown>): Promise<Sample> =>
	withDatabase(bench, taskq, async (database) => {
		await bench.cluster.run(database, make)
		await bench.cluster.settle(database)
		return bench.cluster.run(database, (db) => emptyClaims(db, Math.ceil(CALLS / Math.min(10, bench.scale.divisor))))
	})
