/**
 * What it costs that history goes: a million finished jobs dropped with their period, and the same number deleted in batches, while a
 * client submits and runs jobs. DATABASE_URL names a database that was migrated just now: its clock is moved.
 */
import fs from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { type Claim, call, callOne } from '../db/calls.ts'
import '../db/pool.ts'

const { values } = parseArgs({ options: { jobs: { type: 'string', default: '1000000' } } })
const jobs = Number(values.jobs)
const connectionString = process.env.DATABASE_URL!
const pool = new pg.Pool({ connectionString })
const keeper = new pg.Client(connectionString)
await keeper.connect()
const { pid } = (await keeper.query('select pg_backend_pid() as pid')).rows[0]
const cpuMs = () => Number(fs.readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
const one = async (sql: string) => (await keeper.query(sql)).rows[0]

/** The database's clock goes this much ahead of the machine's. */
const setClock = (ahead: string) =>
	keeper.query(
		`create or replace function taskq_private.clock() returns timestamptz language sql volatile parallel safe as $$ select clock_timestamp() + interval '${ahead}' $$`,
	)

async function load(): Promise<void> {
	await keeper.query(
		`with job as materialized (
			select taskq_private.job_id_at(clock_timestamp()) as job_id, l.lane_id
			from generate_series(1, ${jobs}), (select lane_id from taskq_private.lanes where type = 'kept' limit 1) as l
		), spec as (
			insert into taskq_private.job_specs (job_id, lane_id, payload, max_attempts, timeout_seconds, initial_delay_seconds, backoff_multiplier, max_delay_seconds, jitter, created_at, created_by)
			select job_id, lane_id, '{"n": 1}', 3, 300, 1, 2, 3600, 0, clock_timestamp(), 'bench' from job
		)
		insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, started_at, claim_id, worker_id, result)
		select job_id, lane_id, 'completed', 1, 'completed', clock_timestamp(), clock_timestamp(), 1, gen_random_uuid(), '1' from job`,
	)
	await keeper.query('vacuum analyze')
	await keeper.query('checkpoint')
}

/** Submits, claims and completes ten jobs at a time until it is told to stop; answers how long its calls took. */
async function client(isOver: () => boolean): Promise<number[]> {
	const [worker] = (await pool.query(`select taskq.register_worker('bench', '{kept}', 4, 1000, 100) as id`)).rows
	const times: number[] = []
	const timed = async <T>(act: Promise<T>): Promise<T> => {
		const started = performance.now()
		const answer = await act
		times.push(performance.now() - started)
		return answer
	}
	for (let outcomes: string | null = null; !isOver(); await setImmediate()) {
		await timed(call(pool, 'submitEach', [JSON.stringify(Array(10).fill({ type: 'kept' }))]))
		const claimed: Claim = await timed(callOne<Claim>(pool, 'claimNextJob', [worker.id, 10, outcomes]))
		outcomes = JSON.stringify(claimed.jobs.map(({ job_id }) => ({ claim_id: claimed.claim_id, job_id, outcome: 'completed' })))
	}
	return times.sort((a, b) => a - b)
}

/** Takes a step again and again until it says that there is no more, beside the client. */
async function measure(name: string, step: () => Promise<boolean>): Promise<void> {
	const read = async () => ({ cpu: cpuMs(), at: performance.now(), ...(await one(`select pg_current_wal_lsn() - '0/0' as wal`)) })
	let isOver = false
	const times = client(() => isOver)
	const before = await read()
	let steps = 0
	let longest = 0
	for (let goesOn = true; goesOn; steps++) {
		const started = performance.now()
		goesOn = await step()
		longest = Math.max(longest, performance.now() - started)
	}
	const after = await read()
	isOver = true
	const calls = await times
	console.log(
		JSON.stringify({
			...{ name, jobs, steps, longest_step_ms: Math.round(longest), seconds: Number(((after.at - before.at) / 1000).toFixed(2)) },
			...{
				postgres_us_a_job: Number((((after.cpu - before.cpu) * 1000) / jobs).toFixed(2)),
				wal_bytes_a_job: Math.round((after.wal - before.wal) / jobs),
			},
			...{
				client_calls: calls.length,
				client_p99_ms: Number(calls[Math.floor(calls.length * 0.99)]!.toFixed(1)),
				client_longest_ms: Math.round(calls.at(-1)!),
			},
		}),
	)
}

const isLeft = async () =>
	(
		await one(
			`select exists (select from taskq_private.finished_jobs where finished_at < taskq_private.clock() - interval '1 day') as is_left`,
		)
	).is_left
const step = (sql: string) => keeper.query(`begin; set local role taskq_owner; ${sql}; commit`)

if ((await one('select exists (select from taskq_private.job_specs) as is_used')).is_used)
	throw new Error('The database has jobs: give one that was made for this.')
await call(pool, 'registerTaskTypes', [JSON.stringify([{ type: 'kept' }])])
await call(pool, 'submitEach', [JSON.stringify([{ type: 'kept' }])])
await load()
await setClock('29 hours') // its period ended a day ago
await measure('dropped', async () => {
	await step('select taskq_private.keep_history()')
	return isLeft()
})
await setClock('0 hours')
await load()
await setClock('33 hours') // and is late: then its jobs are deleted one by one
await measure('deleted', async () => {
	await step('select taskq_private.delete_expired(1000)')
	return isLeft()
})
await keeper.end()
await pool.end()
