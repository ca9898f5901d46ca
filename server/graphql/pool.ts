import pg from 'pg'
import { unnamed } from '../../db/pooled.ts'
import type { Database } from '../database.ts'
import { Unavailable } from '../problem.ts'

/** Errors of the connection have no SQLSTATE; they are told from all others by where they come from. */
const asUnavailable = (sent: boolean) => (error: unknown) => {
	throw error instanceof pg.DatabaseError ? error : new Unavailable(error, sent)
}

/** The pool that PostGraphile asks. Each of its transactions takes the caller's role. */
export function makeGraphqlPool(database: Database): pg.Pool {
	const pool = database.pool('graphql', 'taskq_reader', 10)
	const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>
	pool.on('connect', (client) => {
		const query = client.query.bind(client) as (...args: unknown[]) => Promise<pg.QueryResult>
		Object.assign(client, {
			query: (config: unknown, ...args: unknown[]) => query(database.pooled ? unnamed(config) : config, ...args).catch(asUnavailable(true)),
		})
	})
	return Object.assign(Object.create(pool), { connect: () => connect().catch(asUnavailable(false)) }) as pg.Pool
}
