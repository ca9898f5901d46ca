import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import pg from 'pg'
import type { MigrateData, MigrateMessage } from './migrate-thread.ts'

/** Any constant: graphile-migrate itself only tries its lock and fails, so processes that start at once wait here. */
const MIGRATION_LOCK = 1952541552
/** Its lock. A session of a migrating process that was cut off may hold it for a moment longer than that process's own. */
const GRAPHILE_LOCK = '4727445306447283'
/** What may be tried again: no connection (of Node: ECONNREFUSED and the like), sessions that end, too many of them, locks that others hold. */
const PASSING = /^(E[A-Z_]+$|08|57P|53300|40001|40P01|55P03)/

export interface MigrateOptions {
	/** Called with what is going on, a line at a time. */
	progress?: (line: string) => void
	/** How long to try again while the database is away, or while a lock cannot be had. */
	patienceMs?: number
	/** Where the migrations are; tests of upgrades stop short of the last. */
	migrationsFolder?: string
}

/** Why a try failed, and whether another may go better. */
interface Failure {
	error: Error & { code?: string }
	isPassing: boolean
}

/**
 * Brings a database to the current schema; does nothing where it is current. Any number of processes may call it at once, while
 * others work on it: it waits for a lock for a second at most (`.gmrc`), so that nobody waits longer behind it, and tries again.
 * `connectionString` must be of a superuser, or of a role with CREATEROLE that owns the database.
 */
export async function migrate(connectionString: string, options: MigrateOptions = {}): Promise<void> {
	const { progress = () => {}, patienceMs = 60_000, migrationsFolder = path.resolve(import.meta.dirname, 'migrations') } = options
	const giveUpAt = performance.now() + patienceMs
	for (let failures = 0; ; failures++) {
		const failure = await migrateOnce(connectionString, migrationsFolder, progress)
		if (!failure) return
		const { error, isPassing } = failure
		if (!isPassing || performance.now() > giveUpAt) throw error
		progress(`cannot migrate yet (${error.message || error.code}); trying again …`)
		await sleep(Math.min(100 * 2 ** failures, 2_000) * (0.5 + Math.random()))
	}
}

async function migrateOnce(
	connectionString: string,
	migrationsFolder: string,
	progress: (line: string) => void,
): Promise<Failure | undefined> {
	const guard = new pg.Client({ connectionString, application_name: 'taskq migrate', keepAlive: true, connectionTimeoutMillis: 10_000 })
	guard.on('error', () => {}) // whatever is asked of it rejects
	try {
		await guard.connect()
		await guard.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
		await guard.query('select pg_advisory_lock($1), pg_advisory_unlock($1)', [GRAPHILE_LOCK])
		return await inThread({ connectionString, migrationsFolder }, progress)
	} catch (thrown) {
		const error = thrown as Failure['error']
		return { error, isPassing: !(error instanceof pg.DatabaseError) || PASSING.test(error.code!) }
	} finally {
		await guard.end().catch(() => {})
	}
}

/** What pg says of a connection that broke has no SQLSTATE, and neither has what graphile-migrate says of files that do not fit. */
const BROKEN = /connection terminated|not queryable|timeout expired/i

/** Runs what has not been run. A thread that ends of an exception, or without a word, has lost its session. */
function inThread(workerData: MigrateData, progress: (line: string) => void): Promise<Failure | undefined> {
	const thread = new Worker(new URL('./migrate-thread.ts', import.meta.url), { workerData, execArgv: [] })
	let failure: Failure | undefined = { error: new Error('the migrating session broke'), isPassing: true }
	thread.on('message', (message: MigrateMessage) => {
		if ('line' in message) progress(message.line)
		else if ('done' in message) failure = undefined
		else {
			const { message: text, code } = message.error
			failure = { error: Object.assign(new Error(text), { code }), isPassing: PASSING.test(code ?? '') || BROKEN.test(text) }
		}
	})
	thread.on('error', (error: Error) => {
		if (failure) failure = { error, isPassing: true }
	})
	return new Promise((resolve) => thread.on('exit', () => resolve(failure)))
}

if (import.meta.main) {
	const { DATABASE_URL, DATABASE_DIRECT_URL } = process.env
	const url = DATABASE_URL && (DATABASE_DIRECT_URL || DATABASE_URL) // it holds a lock of its session
	if (!url) {
		console.error('DATABASE_URL is not set. `npm run migrate` brings that database to the current schema; `npm start` needs none.')
		process.exit(2)
	}
	await migrate(url, { progress: (line) => console.log(line) })
}
