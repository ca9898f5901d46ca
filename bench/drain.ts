/** Drain of no-op jobs by one worker process: jobs a second, Postgres's cpu a job, WAL bytes, statements and transactions a job. */
import { parseArgs } from 'node:util'
import pg from 'pg'
import { call } from '../db/calls.ts'
import { tasks } from '../worker/tasks/index.ts'
import { Worker } from '../worker/worker.ts'
import { postmasterOf, readServer, transactionsOf } from './measure.ts'

const { values } = parseArgs({ options: { jobs: { type: 'string', default: '50000' }, concurrency: { type: 'string', default: '10' } } })
const connectionString = process.env.DATABASE_URL!
const jobs = Number(values.jobs)

const pool = new pg.Pool({ connectionString })
const one = async (sql: string) => (await pool.query(sql)).rows[0]
const postmaster = await postmasterOf(pool)
const { database } = await one('select current_database() as database')
const measure = async () => ({ ...(await readServer(pool, postmaster)), transactions: await transactionsOf(pool, database) })

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
const ownBefore = process.cpuUsage()
const quiet = { debug() {}, info() {}, warn: console.error, error: console.error }
const worker = new Worker({
	...{ connectionString, tasks, tasksModule: '', log: quiet, concurrency: Number(values.concurrency) },
	...{ cpuUnits: 4, memoryMb: 4096, threads: 1, shutdownGraceSeconds: 5 },
})
await worker.start()
while ((await one(`select exists (select from taskq_private.ready_jobs) or exists (select from taskq_private.claims) as busy`)).busy)
	await new Promise((r) => setTimeout(r, 20))
const after = await measure()
const own = process.cpuUsage(ownBefore)
await worker.stop()
console.log(
	JSON.stringify({
		jobs,
		jobs_per_second: Math.round((jobs * 1000) / (after.at - before.at)),
		submit_postgres_us: Math.round(((before.cpuSeconds - beforeSubmit.cpuSeconds) * 1e6) / jobs),
		postgres_us: Math.round(((after.cpuSeconds - before.cpuSeconds) * 1e6) / jobs),
		worker_us: Math.round((own.user + own.system) / jobs),
		wal_bytes: Math.round((after.walBytes - before.walBytes) / jobs),
		transactions: (after.transactions - before.transactions) / jobs,
	}),
)
await pool.end()
