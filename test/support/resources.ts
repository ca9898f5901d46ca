import { call } from '../../db/calls.ts'
import type { Db } from './db.ts'
import type { Stage } from './stage.ts'

/** What a job asks for, as a request's field. */
export const needs = (resource_requirements: Record<string, number | null>) => ({ resource_requirements })

export const cpus = (cpu_units: number) => needs({ cpu_units })

/** A pool of its own for a stage; answers its name. */
export async function makePool(db: Db, stage: Stage, capacity: number, name = 'pool'): Promise<string> {
	const pool = `${name}-${stage.type}`
	await db.query('select taskq.set_pool($1, $2)', [pool, capacity])
	return pool
}

/** The same that refills: amount in so many seconds. */
export async function makeRate(db: Db, stage: Stage, amount: number, perSeconds: number, burst: number | null = null): Promise<string> {
	const pool = `rate-${stage.type}`
	await db.query('select taskq.set_rate($1, $2, $3, $4)', [pool, amount, perSeconds, burst])
	return pool
}

/** How much of a pool is with running jobs, and how much can go out; a type, for `deepEqual`. */
export async function poolOf(db: Db, pool: string): Promise<{ capacity: number; granted: number; free: number }> {
	const row = await db.row('select capacity, granted, free from taskq.list_pools() where pool = $1', [pool])
	return { capacity: Number(row.capacity), granted: Number(row.granted), free: Number(row.free) }
}

/** A key's row: what it allows, what is out, what is parked. */
export async function keyOf(db: Db, key: string): Promise<{ limit: number; out: number; parked: number } | null> {
	const [row] = await db.rows<{ limit: number; out: number; parked: number }>(
		'select max_running as limit, admitted_count::int as out, parked_count::int as parked from taskq.concurrency_keys where concurrency_key = $1',
		[key],
	)
	return row ?? null
}

export interface Reason {
	code: string
	message: string
	details: Record<string, any>
}

export const explain = (db: Db, id: string): Promise<Reason[]> => call<never>(db.pool, 'explainJob', [id])

export const codesOf = async (db: Db, id: string): Promise<string[]> => (await explain(db, id)).map(({ code }) => code)

/** The job that a worker is kept free for. */
export const reservedFor = async (db: Db, worker: string): Promise<string | null> =>
	(await db.row('select reserved_job_id as id from taskq.workers where worker_id = $1', [worker])).id

/** What a claim of this worker would take, from a transaction that may write nothing. */
export async function previewOf(db: Db, worker: string, maxJobs: number | null = null): Promise<string[]> {
	const client = await db.pool.connect()
	try {
		await client.query('begin read only')
		const { rows } = await client.query('select * from taskq.claim_preview($1, $2) order by place', [worker, maxJobs])
		return rows.map(({ job_id }) => job_id)
	} finally {
		await client.query('rollback')
		client.release()
	}
}
