import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { cutPast, loadFinished } from '../../load.ts'
import { queries, timePage } from '../../pages.ts'
import { Entries } from '../results.ts'
import { LATENCY, type Row, thousands } from '../row.ts'
import { type Bench, withDatabase } from '../run.ts'
import { quantile } from '../statistics.ts'
import { taskq } from '../systems/taskq.ts'

const JOBS = 1_000_000
const REQUESTS = 200
/** They came over so long. */
const SECONDS = 20 * 3600
const root = path.resolve(import.meta.dirname, '../../..')
const filters = [...queries.filter((query) => query !== 'type=echo'), 'type=bench']

/** A server in a process of its own, as `npm run server` starts it. */
async function startServer(url: string): Promise<{ url: string; child: ChildProcess }> {
	const env = { ...process.env, DATABASE_URL: url, DATABASE_DIRECT_URL: '', API_PORT: '0', LOG_LEVEL: 'info' }
	const child = spawn(process.execPath, ['server/main.ts'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
	const lines = createInterface({ input: child.stdout! })
	for await (const line of lines) {
		if (!line.includes('"listening"')) continue
		child.stdout!.resume()
		return { url: JSON.parse(line).url, child }
	}
	throw new Error('the server did not start')
}

/** Adds the times of all pages of this database. */
export async function measurePages(bench: Bench, database: string, entries: Entries, prefix = ''): Promise<void> {
	const { rows } = await bench.cluster.run(database, (db) =>
		db.query(`select job_id as id from taskq_private.job_specs order by md5(job_id::text) limit $1`, [REQUESTS + 10]),
	)
	const { url, child } = await startServer(bench.cluster.url(database))
	try {
		const requests = Math.ceil(REQUESTS / Math.min(4, bench.scale.divisor))
		const pages: [string, (n: number) => string][] = filters.map((query) => [`GET /jobs${query && `?${query}`}`, () => `/jobs?${query}`])
		if (rows.length > 0) pages.push(['GET /jobs/:id', (n) => `/jobs/${rows[n % rows.length].id}`])
		for (const [name, at] of pages) {
			const times = await timePage(url, at, requests)
			entries.add(prefix + name, taskq.name, { p50_ms: quantile(times, 0.5), p95_ms: quantile(times, 0.95), p99_ms: quantile(times, 0.99) })
		}
	} finally {
		child.kill()
		if (child.exitCode === null) await once(child, 'exit')
	}
}

export const pages: Row = {
	name: 'pages',
	title: 'Pages',
	about: `taskq only: requests to the HTTP server, one after the other, with ${thousands(JOBS)} finished jobs of the past 20 hours in the database.`,
	columns: LATENCY.map((column) => ({ ...column, ratio: false })),
	charts: ['p95_ms'],
	async run(bench) {
		const entries = new Entries()
		for (let round = 0; round < bench.scale.rounds; round++) {
			await withDatabase(bench, taskq, async (database) => {
				const jobs = Math.ceil(JOBS / (bench.scale.jobs ? 100 : bench.scale.divisor))
				await bench.cluster.run(database, async (db) => {
					await cutPast(db, SECONDS)
					await loadFinished(db, jobs, `select 'default', 'bench', n, 0, 0 from generate_series(1, 4) as n`, SECONDS)
				})
				await bench.cluster.settle(database)
				await measurePages(bench, database, entries)
			})
			bench.progress(`pages, round ${round + 1}`)
		}
		return entries.list([taskq.name])
	},
}
