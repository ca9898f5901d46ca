import type { Socket } from 'node:net'
import pg from 'pg'
import { makePooledPool } from './pooled.ts'

// numeric columns are cpu units and durations: they fit a double; bigint stays a string
pg.types.setTypeParser(pg.types.builtins.NUMERIC, Number)

/** The database roles that a process may act in. None of them owns anything. */
export type Role = 'taskq_reader' | 'taskq_client' | 'taskq_worker' | 'taskq_operator' | 'taskq_admin'

export interface PoolOptions {
	connectionString: string
	/** Every connection acts in this role from its first statement on. */
	role: Role
	/** Shown in pg_stat_activity. */
	name: string
	max?: number
	/** The way leads through a transaction pooler. */
	pooled?: boolean
	onError?: (error: Error) => void
}

/** What any caller of `db/calls.ts` hands it: a pool, or a client in a transaction of its own. */
export type Queryable = Pick<pg.ClientBase, 'query'> | Pick<pg.Pool, 'query'>

/**
 * A cut network without a word is noticed on both sides within half a minute. Here: by what was asked and not answered for so long.
 * Statements answer in milliseconds, so this ends none that goes on, but for what a database in distress would take for one.
 */
export const SILENT_AFTER_MS = 20_000
/** There: by probes of its own, so that what a dead session holds (a worker's lock, rows) is let go of. */
// probes are not sent while something is under way to the other side, such as a hint: tcp_user_timeout ends what waits for that
const PROBES = ['tcp_keepalives_idle=10', 'tcp_keepalives_interval=5', 'tcp_keepalives_count=3', 'tcp_user_timeout=20s']
/** Between statements the probes are enough; this one ends a statement that nobody waits for. PostgreSQL for Windows refuses it. */
if (process.platform !== 'win32') PROBES.push('client_connection_check_interval=10s')

export const connectionOptions = ({ connectionString, role, name }: PoolOptions): pg.ClientConfig => ({
	connectionString,
	application_name: name,
	options: [`role=${role}`, ...PROBES].map((setting) => `-c ${setting}`).join(' '),
	keepAlive: true,
	keepAliveInitialDelayMillis: 10_000,
	connectionTimeoutMillis: 10_000, // a process that is busy (GraphQL's schema takes seconds of cpu at start) answers the database late
})

/** What of a connection pg does not type. */
interface Wire {
	connection: { stream: Socket }
	readyForQuery: boolean
	_ending: boolean
}

/** Ends a connection, and with it every call on it, when the database is asked something and stays silent. */
export function endWhenSilent(client: pg.ClientBase): void {
	const wire = client as unknown as Wire
	const { stream } = wire.connection
	stream.setTimeout(SILENT_AFTER_MS, () => {
		if (wire.readyForQuery && !wire._ending) return // nothing is asked
		stream.destroy(new Error(`the database was silent for ${SILENT_AFTER_MS / 1000} s: the connection is given up`))
	})
}

/** A pool whose connections act in one role. A connection that breaks while idle is reported and replaced, never thrown. */
export function makePool(options: PoolOptions): pg.Pool {
	const { options: settings, ...config } = { ...connectionOptions(options), max: options.max ?? 10 }
	const pool = options.pooled ? makePooledPool(config, options.role) : new pg.Pool({ ...config, options: settings })
	const onError = options.onError ?? (() => {})
	pool.on('error', onError)
	pool.on('connect', (client) => {
		client.on('error', onError) // one that breaks while it is checked out
		endWhenSilent(client)
	})
	return pool
}
