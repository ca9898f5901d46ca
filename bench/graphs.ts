/** Graphs of 10,000 jobs, each submitted in one call and drained by one worker: seconds, the longest call after the submit. */
import pg from 'pg'
import { z } from 'zod'
import { call } from '../db/calls.ts'
import { FatalError, registration, type Task, task } from '../worker/task.ts'
import { Worker } from '../worker/worker.ts'

const SIZE = 10_000
const LAYERS = 100
const WIDTH = SIZE / LAYERS
const PARENTS = 10

interface Step {
	name: string
	type: string
	payload?: unknown
	depends_on?: string[]
}

const step = (name: string, depends_on: string[] = []): Step => ({ name, type: 'step', ...(depends_on.length > 0 && { depends_on }) })
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

const shapes: Record<string, () => Step[]> = {
	chain: () => many(SIZE, (i) => step(`j${i}`, i === 0 ? [] : [`j${i - 1}`])),
	fan_out: () => [step('root'), ...many(SIZE, (i) => step(`j${i}`, ['root']))],
	fan_in: () => [
		...many(SIZE, (i) => step(`j${i}`)),
		step(
			'last',
			many(SIZE, (i) => `j${i}`),
		),
	],
	layers: () =>
		many(LAYERS, (layer) =>
			many(WIDTH, (i) => {
				const above = layer === 0 ? [] : many(PARENTS, (k) => `l${layer - 1}_${(i + k * 7) % WIDTH}`)
				return step(`l${layer}_${i}`, above)
			}),
		).flat(),
}

const tasks: Task[] = [
	task({ type: 'step', payload: z.looseObject({ fail: z.boolean().optional() }) }, ({ fail }) => {
		if (fail) throw new FatalError('asked to')
	}),
]

const connectionString = process.env.DATABASE_URL!
const pool = new pg.Pool({ connectionString })
const one = async (sql: string) => (await pool.query(sql)).rows[0]
const quiet = { debug() {}, info() {}, warn: console.error, error: console.error }

/** Waits until nothing is left to do; seconds since the call. */
async function drained(): Promise<number> {
	const start = performance.now()
	const busy = `select exists (select from taskq_private.ready_jobs) or exists (select from taskq_private.claims)
		or exists (select from taskq_private.waiting_jobs) or exists (select from taskq_private.unsettled_jobs) as busy`
	while ((await one(busy)).busy) await new Promise((r) => setTimeout(r, 10))
	return (performance.now() - start) / 1000
}

/** The longest statement since the last reset, in milliseconds; needs pg_stat_statements. */
const longest = async () =>
	(await one(`select max(max_exec_time) as ms from pg_stat_statements where query ~ 'taskq\\.(claim_next_job|tick|heartbeat)'`)).ms

async function run(shape: string, fails: boolean): Promise<void> {
	const steps = shapes[shape]!()
	if (fails) steps[0]!.payload = { fail: true }
	const body = JSON.stringify({ workflow: { name: shape }, jobs: steps })
	const start = performance.now()
	await call(pool, 'submitJobs', [body])
	const submitted = (performance.now() - start) / 1000
	await one('select pg_stat_statements_reset()')

	const worker = new Worker({
		...{ connectionString, tasks, tasksModule: '', log: quiet, concurrency: 10 },
		...{ cpuUnits: 4, memoryMb: 4096, threads: 1, shutdownGraceSeconds: 5 },
	})
	await worker.start()
	const seconds = await drained()
	await worker.stop()
	const ends = await one(
		`select jsonb_object_agg(status, n) as ends from (select status, count(*) as n from taskq.jobs where workflow_id =
			(select workflow_id from taskq.list_workflows(max_rows => 1)) group by 1) as s`,
	)
	console.log(
		JSON.stringify({
			...{ shape, fails, jobs: steps.length, edges: steps.reduce((sum, { depends_on }) => sum + (depends_on?.length ?? 0), 0) },
			...{ submit_seconds: Number(submitted.toFixed(2)), drain_seconds: Number(seconds.toFixed(2)) },
			...{ longest_call_ms: Math.round(await longest()), ends: ends.ends },
		}),
	)
}

await pool.query('create extension if not exists pg_stat_statements')
await call(pool, 'registerTaskTypes', [JSON.stringify(tasks.map(registration))])
for (const shape of process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(shapes))
	for (const fails of [false, true]) await run(shape, fails)
const breaches = await pool.query('select taskq_private.check_invariants() as breach')
if (breaches.rows.length > 0) console.error(breaches.rows)
await pool.end()
