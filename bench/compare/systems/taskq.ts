import pg from 'pg'
import { z } from 'zod'
import { statements } from '../../../db/calls.ts'
import { migrate } from '../../../db/migrate.ts'
import { registration, task } from '../../../worker/task.ts'
import { Worker } from '../../../worker/worker.ts'
import { loadFinished, loadReady, loadScheduled } from '../../load.ts'
import type { Client, Payload, System } from '../system.ts'

const CONCURRENCY = 10
const lanes = (cpuUnits: number) => `values ('default', 'bench', 3, ${cpuUnits}, 0)`

const bench = (handle: (payload: Payload) => void) =>
	task({ type: 'bench', payload: z.looseObject({ n: z.number(), sent: z.number().optional() }) }, (payload) => handle(payload))

/** The type is registered with its schema, so payloads are checked. */
async function install(url: string): Promise<void> {
	await migrate(url)
	const db = new pg.Client(url)
	await db.connect()
	await db.query({ text: statements.registerTaskTypes, values: [JSON.stringify([registration(bench(() => {}))])] })
	await db.query(`insert into taskq_private.queues (queue, created_at) values ('default', now()) on conflict do nothing`)
	await db.end()
}

async function connect(url: string, connections: number): Promise<Client> {
	const pool = new pg.Pool({ connectionString: url, max: connections, options: '-c role=taskq_client' })
	const watch = new pg.Client(url)
	await watch.connect()
	const one = { name: 'one', text: `select * from taskq.submit_job(type => 'bench', payload => $1::jsonb)` }
	const many = { name: 'many', text: statements.submitEach }
	const requests = (payloads: Payload[]) => JSON.stringify(payloads.map((payload) => ({ type: 'bench', payload })))
	return {
		submitOne: (payload) => pool.query({ ...one, values: [JSON.stringify(payload)] }),
		submitMany: (payloads) => pool.query({ ...many, values: [requests(payloads)] }),
		// those not yet claimed are known by the worker's count: ready_jobs may hold a million that fit nobody
		isBusy: async () => (await watch.query('select exists (select from taskq_private.claims) as busy')).rows[0].busy,
		close: () => Promise.all([pool.end(), watch.end()]),
	}
}

async function work(url: string, handle: (payload: Payload) => void): Promise<{ stop(): Promise<unknown> }> {
	const complain = (details: object, message: string) => console.error(`taskq: ${message}`, details)
	const worker = new Worker({
		...{ connectionString: url, tasks: [bench(handle)], tasksModule: '', concurrency: CONCURRENCY, threads: 1 },
		...{ cpuUnits: 4, memoryMb: 4096, shutdownGraceSeconds: 5 },
		log: { debug() {}, info() {}, warn: complain, error: complain },
	})
	await worker.start()
	return worker
}

export const taskq: System = {
	name: 'taskq',
	title: 'taskq',
	settings: `Its defaults: one worker process, WORKER_CONCURRENCY ${CONCURRENCY}; it learns by itself how far to claim ahead. Submits by SQL: taskq.submit_job, taskq.submit_each.`,
	source: 'README.md',
	keeps:
		'Each job that has ended for a day (job_ttl_seconds), its request and its result, and the stream of events for 4 hours; tick() deletes them.',
	guarantees:
		'At least once, with a fence against late reports; retries with backoff; a dead worker’s jobs come back within seconds; cpu, memory and other resources are never overcommitted; priorities, dependencies, keys, rates, and every payload is checked against its schema.',
	install,
	connect,
	work,
	backlogs: {
		scheduled: { says: 'scheduled for next week', load: (db, jobs) => loadScheduled(db, jobs, lanes(0)) },
		finished: { says: 'completed jobs in its history', load: (db, jobs) => loadFinished(db, jobs, lanes(0)) },
		unfit: { says: 'ready jobs of 64 cpus, too large for the worker', load: (db, jobs) => loadReady(db, jobs, lanes(64)) },
	},
}
