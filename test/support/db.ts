import { randomUUID } from 'node:crypto'
import type { TestFn } from 'ava'
import pg from 'pg'
import { type Claim, call, callOne, type Outcome, type Submitted } from '../../db/calls.ts'
import '../../db/pool.ts'

/** A database of its own for a test file, copied from the migrated template, with what tests do to it. */
export interface Db {
	/** A superuser's connection string. */
	url: string
	pool: pg.Pool
	query: (sql: string, values?: unknown[]) => Promise<pg.QueryResult>
	/** The first row of a statement. */
	row: <Row = Record<string, any>>(sql: string, values?: unknown[]) => Promise<Row>
	/** All rows of a statement. */
	rows: <Row = Record<string, any>>(sql: string, values?: unknown[]) => Promise<Row[]>
	/** A client of its own, for tests with several sessions; closed at the end. */
	client: () => Promise<pg.Client>
	/** Moves the database's clock, for all sessions of this database. */
	moveClock: (interval: string) => Promise<void>
	/** Stops it: from now on it goes only as far as it is moved. */
	stopClock: () => Promise<void>
	/** Every breach of an invariant: empty in a sound database. */
	breaches: () => Promise<string[]>
}

const adminUrl = (): string => {
	const url = process.env.TEST_PG_URL
	if (!url || !process.env.TEST_PG_TEMPLATE)
		throw new Error('Run tests with `npm test [files]`: it starts PostgreSQL and makes the template.')
	return url
}

async function asAdmin(sql: string): Promise<void> {
	const client = new pg.Client(adminUrl())
	await client.connect()
	try {
		await client.query(sql)
	} finally {
		await client.end()
	}
}

export async function makeDb(): Promise<Db & { drop: () => Promise<void> }> {
	const name = `t_${randomUUID().replaceAll('-', '').slice(0, 16)}`
	await asAdmin(`create database ${name} template ${process.env.TEST_PG_TEMPLATE} strategy file_copy`)
	const db = connectDb(Object.assign(new URL(adminUrl()), { pathname: `/${name}` }).href)
	return {
		...db,
		async drop() {
			await db.end()
			await asAdmin(`drop database if exists ${name} with (force)`)
		},
	}
}

/** The same over a database that is there, for a superuser. */
export function connectDb(url: string): Db & { end: () => Promise<void> } {
	const pool = new pg.Pool({ connectionString: url, max: 8 })
	pool.on('error', () => {})
	const clients: pg.Client[] = []
	const rows = async (sql: string, values: unknown[] = []) => (await pool.query(sql, values)).rows
	let hasClock = false
	async function ownClock(): Promise<void> {
		if (hasClock) return
		await pool.query('create table public.clock_offset as select interval $$0$$ as by, null::timestamptz as at')
		await pool.query('grant select on public.clock_offset to public')
		await pool.query(
			'create or replace function taskq_private.clock() returns timestamptz language sql volatile as $$ select coalesce(at, clock_timestamp()) + by from public.clock_offset $$',
		)
		hasClock = true
	}

	return {
		url,
		pool,
		query: (sql, values = []) => pool.query(sql, values),
		rows,
		row: async (sql, values) => (await rows(sql, values))[0],
		async client() {
			const client = new pg.Client(url)
			client.on('error', () => {})
			await client.connect()
			clients.push(client)
			return client
		},
		async moveClock(interval) {
			await ownClock()
			await pool.query('update public.clock_offset set by = by + $1::interval', [interval])
		},
		async stopClock() {
			await ownClock()
			await pool.query('update public.clock_offset set at = coalesce(at, clock_timestamp())')
		},
		breaches: async () => (await rows('select * from taskq_private.check_invariants() as breach')).map(({ breach }) => breach),
		async end() {
			await Promise.all(clients.map((client) => client.end().catch(() => {})))
			await pool.end()
		},
	}
}

/** One database for all tests of a file, checked for breaches of the invariants after each test, dropped at the end. */
export function useDb<Context>(test: TestFn<Context>): Db {
	let made: Awaited<ReturnType<typeof makeDb>> | undefined
	test.before(async () => {
		made = await makeDb()
	})
	test.afterEach.always('the invariants hold', async (t) => {
		t.deepEqual(await made!.breaches(), [])
	})
	test.after.always(async () => {
		await made?.drop()
	})
	return new Proxy({} as Db, { get: (_, key) => made![key as keyof Db] })
}

/** Registers types with no rules for their payload. */
export async function registerTypes(db: Db, ...types: (string | Record<string, unknown>)[]): Promise<void> {
	const tasks = types.map((type) => (typeof type === 'string' ? { type } : type))
	await call(db.pool, 'registerTaskTypes', [JSON.stringify(tasks)])
}

export interface WorkerOptions {
	types?: string[]
	cpuUnits?: number
	memoryMb?: number
	queues?: string[] | null
	concurrency?: number
	/** What it has beside cpu and memory. */
	resources?: Record<string, number>
}

/** Registers a worker and answers its id. */
export async function registerWorker(
	db: Db,
	{ types = ['echo'], cpuUnits = 100, memoryMb = 100_000, queues = null, concurrency = 10, resources = {} }: WorkerOptions = {},
): Promise<string> {
	const values = ['test', types, cpuUnits, memoryMb, concurrency, queues, JSON.stringify(resources)]
	return (await db.row('select taskq.register_worker($1, $2, $3, $4, $5, $6, $7) as id', values)).id
}

/** Submits one job with the fields of `POST /jobs`; type `echo` unless it says otherwise. Throws the error it is answered. */
export async function submit(
	db: Db,
	request: Record<string, unknown> = {},
): Promise<{ id: string; status: string; created: boolean; warnings: string[] }> {
	const answer = await callOne<Submitted>(db.pool, 'submitEach', [JSON.stringify([{ type: 'echo', ...request }])])
	if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error)
	return { id: answer.job_id!, status: answer.status!, created: answer.created, warnings: answer.warnings }
}

/** One claim; `outcomes` are recorded first. */
export const claim = (db: Db, workerId: string, maxJobs = 1, outcomes: Outcome[] | null = null): Promise<Claim> =>
	callOne<Claim>(db.pool, 'claimNextJob', [workerId, maxJobs, outcomes && JSON.stringify(outcomes)])

/** Where a job is. */
export const statusOf = async (db: Db, jobId: string): Promise<string> =>
	(await db.row('select taskq_private.status_of($1) as status', [jobId])).status
