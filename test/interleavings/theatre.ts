import { randomUUID } from 'node:crypto'
import { type Claim, call } from '../../db/calls.ts'
import { type Db, registerTypes } from '../support/db.ts'
import type { GraphJob } from '../support/graph.ts'
import type { Ack, Memory, Scene, Step } from './steps.ts'

interface Request extends Record<string, unknown> {
	on?: (string | { job: string; condition: string })[]
	/** Of pools; each job takes one cpu unit beside. */
	needs?: Record<string, number>
	concurrency_key?: string
}

/** What is there before the sessions begin. */
export interface Setting {
	/** One submit; `on` names jobs before it. */
	jobs?: Record<string, Request>
	/** Workers, and how many jobs each can run at once. */
	workers?: Record<string, number>
	/** What all workers share. */
	pools?: Record<string, number>
	/** What limits allow: how many of these jobs run at once. */
	maxRunning?: number
	/** Statements that were sent one after the other. */
	before?: Step[]
}

/** What the orders of one batch have left behind. History keeps its partitions, and shapes of jobs their lanes. */
const TABLES =
	'job_specs ready_jobs waiting_jobs claims finished_jobs job_attempts job_logs job_dependencies job_progress cancel_requests job_events keyed_jobs concurrency_keys unsettled_jobs idempotency_keys workers reservations workflows workflow_counts resource_pools'

export const clear = (db: Db) => db.query(`truncate ${TABLES.replaceAll(/\w+/g, (table) => `taskq_private.${table},`).replace(/,$/, '')}`)

/** As many types as a batch has orders, so that none takes the jobs of another. The clock says what it will in an hour: so a server that has just started does not spare silent workers. */
export async function openTheatre(db: Db, size: number): Promise<string[]> {
	await db.query(
		`create or replace function taskq_private.clock() returns timestamptz language sql volatile as $$ select clock_timestamp() + interval '1 hour' $$`,
	)
	const types = Array.from({ length: size }, (_, n) => `t${n}-${randomUUID().slice(0, 8)}`)
	await registerTypes(db, ...types.map((type) => ({ type, jitter: 0, initial_delay_seconds: 0 })))
	return types
}

/** Pools and keys of one order are not those of another. */
const ownName = (name: string, type: string): string => `${name}_${type.replaceAll('-', '_')}`

export async function makeScene(
	db: Db,
	type: string,
	{ jobs = {}, workers = {}, pools = {}, maxRunning, before = [] }: Setting,
): Promise<Scene> {
	const scene: Scene = { type, jobs: {}, workers: {}, claims: {}, keys: {}, added: new Set(), alive: new Set(), maxRunning }
	const me: Memory = { claims: scene.claims, acks: [], onCommit: [] }
	for (const [name, cpuUnits] of Object.entries(workers)) {
		const values = [name, [type], cpuUnits, 1000, 10, null, '{}']
		scene.workers[name] = (await call<{ worker_id: string }>(db.pool, 'registerWorker', values))[0]!.worker_id
	}
	for (const [pool, capacity] of Object.entries(pools)) await call(db.pool, 'setPool', [ownName(pool, type), capacity])
	if (Object.keys(jobs).length) {
		const graph = Object.entries(jobs).map(([name, { on, needs = {}, concurrency_key: key, ...request }]) => ({
			...{ type, name, ...request, depends_on: on, concurrency_key: key && ownName(key, type) },
			resource_requirements: { cpu_units: 1, ...Object.fromEntries(Object.entries(needs).map(([pool, n]) => [ownName(pool, type), n])) },
		}))
		const rows = await call<GraphJob>(db.pool, 'submitJobs', [JSON.stringify({ workflow: { name: type }, jobs: graph })])
		for (const { name, job_id } of rows) scene.jobs[name!] = job_id
	}
	for (const step of before) {
		const sent = step.values(scene, me)
		const { rows } = await db.query(step.sql, sent)
		step.got?.(rows, { scene, me, sent })
	}
	return scene
}

/** Lets all workers go, runs what is left, and answers the jobs that do not come to an end. */
export async function drain(db: Db, types: string[]): Promise<string[]> {
	await db.query(`select taskq.stop_worker(worker_id) from taskq_private.workers where status in ('active', 'draining')`)
	const [row] = await call<{ worker_id: string }>(db.pool, 'registerWorker', ['drain', types, 100_000, 1_000_000, 1000, null, '{}'])
	const worker = row!.worker_id
	let outcomes: string | null = null
	for (let idle = 0; idle < 3; ) {
		const [claimed]: Claim[] = await call<Claim>(db.pool, 'claimNextJob', [worker, 1000, outcomes])
		const done: Ack[] = claimed!.jobs.map(({ job_id }) => ({ claim_id: claimed!.claim_id!, job_id, outcome: 'completed' }))
		outcomes = done.length ? JSON.stringify(done) : null
		idle = done.length ? 0 : idle + 1
	}
	return (await db.rows(`select job_id from taskq_private.places where status not in ('completed', 'failed', 'cancelled')`)).map(
		({ job_id }) => job_id,
	)
}
