/** Drain of no-op jobs by one worker process: jobs a second, Postgres's cpu a job, WAL bytes, statements and transactions a job. */
import fs from 'node:fs'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { call } from '../db/calls.ts'
import { tasks } from '../worker/tasks/index.ts'
import { Worker } from '../worker/worker.ts'

const { values } = parseArgs({ options: { jobs: { type: 'string', default: '50000' }, concurrency: { type: 'string', default: '10' } } })
const connectionString = process.env.DATABASE_URL!
const jobs = Number(values.jobs)

/** Cpu seconds of the server and all its processes, ended ones included. */
function cpuSeconds(postmaster: number): number {
	let ticks = 0
	for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
		let stat: string[]
		try {
			stat = fs
				.readFileSync(`/proc/${pid}/stat`, 'utf8')
				.replace(/^.*\) /, '')
				.split(' ')
		} catch {
			continue // it has ended
		}
		if (Number(pid) === postmaster) ticks += Number(stat[13]) + Number(stat[14])
		if (Number(pid) === postmaster || Number(stat[1]) === postmaster) ticks += Number(stat[11]) + Number(stat[12])
	}
	return ticks / 100
}

const pool = new pg.Pool({ connectionString })
const one = async (sql: string) => (await pool.query(sql)).rows[0]
const { pid: postmaster } = await one(`select split_part(pg_read_file('postmaster.pid'), e'\\n', 1)::int as pid`)
const measure = async () => ({
	cpu: cpuSeconds(postmaster),
	own: process.cpuUsage(),
	at: performance.now(),
	...(await one(
		`select pg_current_wal_lsn() - '0/0' as wal, xact_commit as transactions from pg_stat_database where datname = current_database()`,
	)),
})

await call(pool, 'registerTaskTypes', [
	JSON.stringify([{ type: 'echo', payload_schema: tasks.find((t) => t.type === 'echo')!.payloadSchema }]),
])
const beforeSubmit = await measure()
for (let left = jobs; left > 0; left -= 1000) {
	const batch = Array.from({ length: Math.min(1000, left) }, (_, i) => ({ type: 'echo', payload: { n: left - i } }))
	await call(pool, 'submitEach', [JSON.stringify(batch)])
}
await new Promise((r) => setTimeout(r, 1000))
const before = await measure()
const quiet = { debug() {}, info() {}, warn: console.error, error: console.error }
const worker = new Worker({
	...{ connectionString, tasks, tasksModule: '', log: quiet, concurrency: Number(values.concurrency) },
	...{ cpuUnits: 4, memoryMb: 4096, threads: 1, shutdownGraceSeconds: 5 },
})
await worker.start()
while ((await one(`select exists (select from taskq_private.ready_jobs) or exists (select from taskq_private.claims) as busy`)).busy)
	await new Promise((r) => setTimeout(r, 20))
const seconds = (performance.now() - before.at) / 1000
const after = await measure()
const own = process.cpuUsage(before.own)
await worker.stop()
console.log(
	JSON.stringify({
		jobs,
		jobs_per_second: Math.round(jobs / seconds),
		submit_postgres_us: Math.round(((before.cpu - beforeSubmit.cpu) * 1e6) / jobs),
		postgres_us: Math.round(((after.cpu - before.cpu) * 1e6) / jobs),
		worker_us: Math.round((own.user + own.system) / jobs),
		wal_bytes: Math.round((after.wal - before.wal) / jobs),
		transactions: (after.transactions - before.transactions) / jobs,
	}),
)
await pool.end()
