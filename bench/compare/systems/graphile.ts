import pg from 'pg'
import { importPeer } from '../peers.ts'
import type { Client, Payload, System } from '../system.ts'

interface Options {
	connectionString?: string
	concurrentJobs?: number
	maxPoolSize?: number
	localQueue?: { size: number }
	completeJobBatchDelay?: number
	failJobBatchDelay?: number
	logger?: unknown
	crontabFile?: string
}
interface Utils {
	addJob(task: string, payload: Payload): Promise<unknown>
	addJobs(jobs: { identifier: string; payload: Payload }[]): Promise<unknown>
	release(): Promise<void>
}
interface Graphile {
	Logger: new (make: () => (level: string, message: string) => void) => unknown
	runMigrations(options: { preset: { worker: Options } }): Promise<void>
	makeWorkerUtils(options: { preset: { worker: Options } }): Promise<Utils>
	run(options: object): Promise<{ stop(): Promise<void> }>
}

const peer = () => importPeer<Graphile>('graphile-worker')
const logger = ({ Logger }: Graphile) =>
	new Logger(() => (level, message) => {
		if (level === 'error' || level === 'warning') console.error(`graphile-worker: ${message}`)
	})

async function install(url: string): Promise<void> {
	const graphile = await peer()
	await graphile.runMigrations({ preset: { worker: { connectionString: url, logger: logger(graphile) } } })
	// a task is known from its first worker or job on
	const db = new pg.Client(url)
	await db.connect()
	await db.query(`insert into graphile_worker._private_tasks (identifier) values ('bench'), ('other')`)
	await db.end()
}

async function connect(url: string, connections: number): Promise<Client> {
	const graphile = await peer()
	const pool = new pg.Pool({ connectionString: url, max: 1 })
	const first = (await pool.query('select coalesce(max(id), 0) as id from graphile_worker._private_jobs')).rows[0].id
	const utils = await graphile.makeWorkerUtils({
		preset: { worker: { connectionString: url, maxPoolSize: connections, logger: logger(graphile) } },
	})
	const busy = 'select exists (select from graphile_worker._private_jobs where id > $1) as busy'
	return {
		submitOne: (payload) => utils.addJob('bench', payload),
		submitMany: (payloads) => utils.addJobs(payloads.map((payload) => ({ identifier: 'bench', payload }))),
		isBusy: async () => (await pool.query(busy, [first])).rows[0].busy,
		close: () => Promise.all([pool.end(), utils.release()]),
	}
}

const work = (options: Options) => async (url: string, handle: (payload: Payload) => void) => {
	const graphile = await peer()
	const runner = await graphile.run({
		preset: { worker: { connectionString: url, ...options, logger: logger(graphile) } },
		noHandleSignals: true,
		parsedCronItems: [],
		taskList: { bench: (payload: Payload) => handle(payload) },
	})
	return { stop: () => runner.stop() }
}

const load = (task: string, at: string) => (db: pg.Client, jobs: number) =>
	db.query(
		`insert into graphile_worker._private_jobs (task_id, payload, run_at)
		select (select id from graphile_worker._private_tasks where identifier = $2), '{"n": 0}', ${at} from generate_series(1, $1::int) as n`,
		[jobs, task],
	)

const common = {
	package: 'graphile-worker',
	source: 'https://worker.graphile.org/docs/performance',
	keeps: 'Nothing of a job that completed: its row is deleted. Jobs that used up their attempts stay until an operator deletes them.',
	guarantees:
		'At least once; retries with backoff; a dead worker’s jobs come back after 4 hours; priorities, serial queues, job keys. No limits of resources, no dependencies, no record of what completed.',
	install,
	connect,
	backlogs: {
		scheduled: { says: 'scheduled for next week', load: load('bench', `now() + interval '7 days' + n * interval '1 ms'`) },
		finished: 'keeps none',
		unfit: { says: 'ready jobs of a task that no worker has', load: load('other', `now() - interval '1 hour' + n * interval '1 ms'`) },
	},
}

const POOL: Options = { concurrentJobs: 24, maxPoolSize: 25 }

export const graphile: System = {
	...common,
	name: 'graphile',
	title: 'graphile-worker',
	settings:
		'Its defaults but for concurrentJobs 24 and maxPoolSize 25, as on its performance page: each job is fetched and completed by itself.',
	work: work(POOL),
}

export const graphileBatched: System = {
	...common,
	name: 'graphile-batched',
	title: 'graphile-worker, batched',
	settings:
		'concurrentJobs 24, maxPoolSize 25, localQueue { size: 500 }, completeJobBatchDelay 0, failJobBatchDelay 0: its performance page’s own.',
	work: work({ ...POOL, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }),
}
