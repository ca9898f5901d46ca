import pg from 'pg'

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
	onError?: (error: Error) => void
}

/** What any caller of `db/calls.ts` hands it: a pool, or a client in a transaction of its own. */
export type Queryable = Pick<pg.ClientBase, 'query'> | Pick<pg.Pool, 'query'>

export const connectionOptions = ({ connectionString, role, name }: PoolOptions): pg.ClientConfig => ({
	connectionString,
	application_name: name,
	options: `-c role=${role}`,
	keepAlive: true,
	keepAliveInitialDelayMillis: 10_000,
	connectionTimeoutMillis: 5_000,
})

/** A pool whose connections act in one role. A connection that breaks while idle is reported and replaced, never thrown. */
export function makePool(options: PoolOptions): pg.Pool {
	const pool = new pg.Pool({ ...connectionOptions(options), max: options.max ?? 10 })
	const onError = options.onError ?? (() => {})
	pool.on('error', onError)
	pool.on('connect', (client) => client.on('error', onError)) // one that breaks while it is checked out
	return pool
}
