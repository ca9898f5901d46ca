import pg from 'pg'
import { importPeer } from '../peers.ts'
import type { Client, Payload, System } from '../system.ts'

interface Queue {
	add(name: string, data: Payload): Promise<unknown>
	addBulk(jobs: { name: string; data: Payload }[]): Promise<unknown>
	waitUntilReady(): Promise<unknown>
	close(): Promise<void>
	on(event: 'error', listener: (error: Error) => void): void
}
interface BullMq {
	createPostgresBackend: unknown
	runMigrations(client: pg.Client): Promise<number>
	Queue: new (name: string, options: object, backend: unknown) => Queue
	Worker: new (
		name: string,
		handler: (job: { data: Payload }) => Promise<void>,
		options: object,
		backend: unknown,
	) => Pick<Queue, 'waitUntilReady' | 'close' | 'on'>
}

const CONCURRENCY = 32
const peer = () => importPeer<BullMq>('bullmq')
const complain = (error: Error) => console.error(`bullmq: ${error.message}`)

async function install(url: string): Promise<void> {
	const { runMigrations } = await peer()
	const db = new pg.Client(url)
	await db.connect()
	await runMigrations(db)
	await db.end()
}

async function connect(url: string, connections: number): Promise<Client> {
	const { Queue, createPostgresBackend } = await peer()
	const pool = new pg.Pool({ connectionString: url, max: 1 })
	const queue = new Queue('bench', { connection: { connectionString: url, max: connections } }, createPostgresBackend)
	queue.on('error', complain)
	await queue.waitUntilReady()
	const is = (state: string) => `exists (select from bullmq.job where queue = 'bench' and state = '${state}')`
	return {
		submitOne: (data) => queue.add('bench', data),
		submitMany: (payloads) => queue.addBulk(payloads.map((data) => ({ name: 'bench', data }))),
		isBusy: async () => (await pool.query(`select ${is('waiting')} or ${is('active')} as busy`)).rows[0].busy,
		close: () => Promise.all([pool.end(), queue.close()]),
	}
}

async function work(url: string, handle: (payload: Payload) => void): Promise<{ stop(): Promise<unknown> }> {
	const { Worker, createPostgresBackend } = await peer()
	const options = { connection: { connectionString: url, max: CONCURRENCY }, concurrency: CONCURRENCY }
	const worker = new Worker('bench', async ({ data }) => handle(data), options, createPostgresBackend)
	worker.on('error', complain)
	await worker.waitUntilReady()
	return { stop: () => worker.close() }
}

const MS = `(extract(epoch from now()) * 1000)::bigint`
const load = (queue: string, state: string, delay: string, finished: string) => (db: pg.Client, jobs: number) =>
	db.query(
		`insert into bullmq.job (queue, id, seq, name, state, data, delay_ms, added_at_ms, process_at_ms, processed_at_ms, finished_at_ms)
		select $2, 'old-' || n, nextval('bullmq.job_seq'), 'bench', '${state}', '{"n": 0}', ${delay}, ${MS}, nullif(${MS} + ${delay}, ${MS}), ${finished}, ${finished}
		from generate_series(1, $1::int) as n`,
		[jobs, queue],
	)

export const bullmq: System = {
	name: 'bullmq',
	title: 'BullMQ on PostgreSQL',
	package: 'bullmq',
	settings: `createPostgresBackend with a pool of ${CONCURRENCY}; Worker with concurrency ${CONCURRENCY}; addBulk; removeOnComplete not set, as by default.`,
	source: 'https://docs.bullmq.io/guide/postgresql',
	keeps:
		'Each job that has ended, for ever, in the same table (removeOnComplete is off by default), and its events: the last 10,000 or so.',
	guarantees:
		'At least once; retries; a dead worker’s jobs come back within a minute (lockDuration, stalledInterval); priorities, limits of rate and concurrency, flows. No limits of cpu or memory.',
	install,
	connect,
	work,
	backlogs: {
		scheduled: { says: 'delayed until next week', load: load('bench', 'delayed', `604800000 + n`, 'null') },
		finished: { says: 'completed jobs in its table', load: load('bench', 'completed', '0', `${MS} - n`) },
		unfit: { says: 'waiting jobs of a queue that no worker serves', load: load('other', 'waiting', '0', 'null') },
	},
}
