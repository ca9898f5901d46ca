import pg from 'pg'
import { importPeer } from '../peers.ts'
import type { Client, Payload, System } from '../system.ts'

interface Boss {
	on(event: 'error', listener: (error: Error) => void): void
	start(): Promise<unknown>
	stop(options?: object): Promise<void>
	createQueue(name: string, options?: object): Promise<void>
	send(name: string, data: Payload): Promise<unknown>
	insert(name: string, jobs: { data: Payload }[]): Promise<unknown>
	work(name: string, options: object, handler: (jobs: { data: Payload }[]) => Promise<void>): Promise<string>
}
interface PgBoss {
	PgBoss: new (options: object) => Boss
}

const BATCH = 500
/** What only sends needs no maintenance of its own. */
const SENDER = { supervise: false, schedule: false, migrate: false }

async function start(options: object): Promise<Boss> {
	const { PgBoss } = await importPeer<PgBoss>('pg-boss')
	const boss = new PgBoss(options)
	boss.on('error', (error) => console.error(`pg-boss: ${error.message}`))
	await boss.start()
	return boss
}

async function install(url: string): Promise<void> {
	const boss = await start({ connectionString: url, schedule: false })
	await boss.createQueue('bench', { notify: true })
	await boss.createQueue('other', { notify: true })
	await boss.stop({ graceful: false })
}

async function connect(url: string, connections: number): Promise<Client> {
	const pool = new pg.Pool({ connectionString: url, max: 1 })
	const boss = await start({ connectionString: url, max: connections, ...SENDER })
	const busy = `select exists (
		select from pgboss.job where name = 'bench' and state in ('created', 'retry', 'active') and not blocked and start_after < now()
	) as busy`
	return {
		submitOne: (data) => boss.send('bench', data),
		submitMany: (payloads) =>
			boss.insert(
				'bench',
				payloads.map((data) => ({ data })),
			),
		isBusy: async () => (await pool.query(busy)).rows[0].busy,
		close: () => Promise.all([pool.end(), boss.stop({ graceful: false })]),
	}
}

async function work(url: string, handle: (payload: Payload) => void): Promise<{ stop(): Promise<unknown> }> {
	const boss = await start({ connectionString: url, useListenNotify: true, migrate: false })
	await boss.work('bench', { batchSize: BATCH, burstWhenBatchFull: true, localConcurrency: 1 }, async (jobs) => {
		for (const { data } of jobs) handle(data)
	})
	return { stop: () => boss.stop({ graceful: true, timeout: 5_000 }) }
}

const load = (queue: string, values: { state: string; start: string; created: string; done?: string }) => (db: pg.Client, jobs: number) =>
	db.query(
		`insert into pgboss.job (name, data, state, start_after, created_on, started_on, completed_on, keep_until)
		select $2, '{"n": 0}', '${values.state}', ${values.start}, ${values.created}, ${values.done ?? 'null'}, ${values.done ?? 'null'}, now() + interval '14 days'
		from generate_series(1, $1::int) as n`,
		[jobs, queue],
	)

const AGO = `now() - interval '1 hour' + n * interval '1 ms'`

export const pgboss: System = {
	name: 'pgboss',
	title: 'pg-boss',
	package: 'pg-boss',
	settings: `work() with batchSize ${BATCH}, burstWhenBatchFull and one worker a process; LISTEN/NOTIFY on (useListenNotify, queue.notify); the standard policy; supervision on, as by default.`,
	source: 'https://pgboss.io/api/workers',
	keeps: 'Each job that has ended for 7 days (deleteAfterSeconds), in the same table; its own maintenance deletes it.',
	guarantees:
		'At least once; retries; a dead worker’s jobs come back after 15 minutes (expireInSeconds); priorities, policies of concurrency, dependencies. A batch completes or fails as one. No limits of cpu or memory.',
	install,
	connect,
	work,
	backlogs: {
		scheduled: {
			says: 'scheduled for next week',
			load: load('bench', { state: 'created', start: `now() + interval '7 days' + n * interval '1 ms'`, created: AGO }),
		},
		finished: { says: 'completed jobs in its table', load: load('bench', { state: 'completed', start: AGO, created: AGO, done: AGO }) },
		unfit: { says: 'ready jobs of a queue that no worker serves', load: load('other', { state: 'created', start: AGO, created: AGO }) },
	},
}
