/** Times of claim_next_job(worker, 1) and (worker, 10) in an almost empty queue and in large backlogs. Empties the database that DATABASE_URL names. */
import pg from 'pg'
import { type Claim, call, callOne } from '../db/calls.ts'
import '../db/pool.ts'
import { loadReady } from './load.ts'
import { cpuMsOf } from './measure.ts'

const ROUNDS = Number(process.env.ROUNDS ?? 400)
const JOBS = Number(process.env.JOBS ?? 1_000_000)
const KEYS = Math.ceil(JOBS / 100)
const db = new pg.Client(process.env.DATABASE_URL)
await db.connect()
const { pid } = (await db.query('select pg_backend_pid() as pid')).rows[0]
/** Cpu of our session so far, whatever else the machine does; 0 where the server is elsewhere. */
const cpuMs = () => cpuMsOf(pid)
const numberOf = (count: number) => count.toLocaleString('en')

const tables =
	'claims ready_jobs waiting_jobs keyed_jobs concurrency_keys finished_jobs job_specs job_events lanes reservations workers'.split(' ')
const empty = () => db.query(`truncate ${tables.map((table) => `taskq_private.${table}`).join(', ')}`)

const load = (jobs: number, lanes: string) => loadReady(db, jobs, lanes)

/** Of each key one job stays ready, the others are parked. */
async function park(): Promise<void> {
	await db.query(
		`insert into taskq_private.concurrency_keys (concurrency_key, max_running, most_running) select 'key-' || n, 1, 1 from generate_series(0, $1::int - 1) as n`,
		[KEYS],
	)
	await db.query(
		`with numbered as materialized (
			select r.*, 'key-' || r.n % $1 as key
			from (select *, row_number() over (order by ready_at, job_id) - 1 as n from taskq_private.ready_jobs) as r
		), keyed as (
			insert into taskq_private.keyed_jobs (job_id, concurrency_key, is_admitted, lane_id, priority, ready_at, attempt)
			select job_id, key, n < $1, lane_id, 3, ready_at, 1 from numbered
		), spec as (
			update taskq_private.job_specs as s set concurrency_key = key from numbered as j where s.job_id = j.job_id
		), gone as (
			delete from taskq_private.ready_jobs as r using numbered as j where j.job_id = r.job_id and j.n >= $1
		)
		insert into taskq_private.waiting_jobs (job_id, lane_id, status, attempt) select job_id, lane_id, 'blocked', 1 from numbered where n >= $1`,
		[KEYS],
	)
}

const fit = { resource_requirements: { cpu_units: 0.1 } }
/** What is there, and what comes in each round for each job that is asked for, at the end of the line. */
const backlogs: Record<string, { make: () => Promise<void>; comes?: Record<string, unknown> }> = {
	'almost empty': { make: async () => {}, comes: fit },
	[`${numberOf(JOBS)} jobs of 64 cpus`]: {
		make: () => load(JOBS, `select 'default', 'bench', n, 64, 0 from generate_series(1, 3) as n`),
		comes: fit,
	},
	[`${numberOf(JOBS)} jobs of 4 cpus, for one of which the worker is kept free`]: {
		async make() {
			await load(JOBS, `select 'default', 'bench', n, 4, 0 from generate_series(1, 3) as n`)
			await call(db, 'submitEach', [JSON.stringify([{ type: 'bench', priority: 1, resource_requirements: { cpu_units: 0.5 } }])])
			await db.query(
				`update taskq_private.ready_jobs set ready_at = now() - interval '2 hours' where ready_at > now() - interval '1 minute'`,
			)
			await callOne(db, 'claimNextJob', [worker, 1, null])
			await callOne(db, 'claimNextJob', [worker, 1, null])
		},
		comes: { ...fit, expected_seconds: 1 },
	},
	[`${numberOf(JOBS)} jobs in 200 lanes`]: {
		make: () => load(JOBS, `select 'default', 'bench', 1 + n % 10, (1 + n / 40) * 0.08, n % 7 from generate_series(0, 199) as n`),
	},
	[`${numberOf(KEYS)} keys, ${numberOf(KEYS * 10)} jobs`]: {
		make: () => load(KEYS * 10, `values ('default', 'bench', 3, 0.1, 0)`).then(park),
	},
}

let worker = ''
async function prepare(make: () => Promise<void>): Promise<void> {
	await empty()
	await db.query(`select taskq.register_task_types('[{"type": "bench"}]')`)
	await db.query(`insert into taskq_private.queues (queue, created_at) values ('default', now()) on conflict do nothing`)
	worker = (await db.query(`select taskq.register_worker('bench', '{bench}', 4, 4000, 10) as id`)).rows[0].id
	await make()
	await db.query('vacuum analyze')
	await db.query('checkpoint')
}

const at = (times: number[], share: number): number => times.toSorted((a, b) => a - b)[Math.floor(times.length * share)]!

/** Milliseconds of a claim, its round trip included; what it took is completed in a call that does not count. */
async function measure(
	maxJobs: number,
	comes?: Record<string, unknown>,
): Promise<{ p50: number; p95: number; cpu: number; cpu95: number; jobs: number }> {
	const times: number[] = []
	const cpus: number[] = []
	let jobs = 0
	for (let round = -20; round < ROUNDS; round++) {
		if (comes) await call(db, 'submitEach', [JSON.stringify(Array(maxJobs).fill({ type: 'bench', ...comes }))])
		const cpuBefore = cpuMs()
		const started = performance.now()
		const claimed = await callOne<Claim>(db, 'claimNextJob', [worker, maxJobs, null])
		if (round >= 0) times.push(performance.now() - started)
		if (round >= 0) cpus.push(cpuMs() - cpuBefore)
		if (round >= 0) jobs += claimed.jobs.length
		const outcomes = claimed.jobs.map(({ job_id }) => ({ claim_id: claimed.claim_id, job_id, outcome: 'completed' }))
		await callOne(db, 'claimNextJob', [worker, 0, JSON.stringify(outcomes)])
	}
	return { p50: at(times, 0.5), p95: at(times, 0.95), cpu: at(cpus, 0.5), cpu95: at(cpus, 0.95), jobs: jobs / ROUNDS }
}

const rounded = (value: number): number => Math.round(value * 100) / 100
const first: Record<number, Awaited<ReturnType<typeof measure>>> = {}
const results: Record<string, unknown>[] = []
for (const [backlog, { make, comes }] of Object.entries(backlogs)) {
	await prepare(make)
	for (const maxJobs of [1, 10]) {
		const seen = await measure(maxJobs, comes)
		first[maxJobs] ??= seen
		const ratio = (of: 'p50' | 'p95' | 'cpu' | 'cpu95') => rounded(seen[of] / first[maxJobs]![of])
		results.push({
			...{ backlog, max_jobs: maxJobs, taken: rounded(seen.jobs), p50_ms: rounded(seen.p50), p95_ms: rounded(seen.p95) },
			...{ p50_ratio: ratio('p50'), p95_ratio: ratio('p95') },
			...{ cpu_p50_ms: rounded(seen.cpu), cpu_p95_ms: rounded(seen.cpu95), cpu_p50_ratio: ratio('cpu'), cpu_p95_ratio: ratio('cpu95') },
		})
		console.error(JSON.stringify(results.at(-1)))
	}
}
console.log(JSON.stringify({ rounds: ROUNDS, results }, null, 2))
await db.end()
