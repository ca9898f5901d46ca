/** The way through a transaction pooler, such as pgbouncer: nothing may be left in a session, since the next one gets it. */
import pg from 'pg'
import { queryInRole } from './in-role.ts'
import type { Role } from './pool.ts'

/** Whether statements go through a pooler: that is when there is another, direct, way to the database. */
export const isPooled = (connectionString: string, directConnectionString?: string): boolean =>
	directConnectionString !== undefined && directConnectionString !== connectionString

/** A prepared statement stays in the session that prepared it. */
export function unnamed<Config>(config: Config): Config {
	if (typeof config !== 'object' || config === null || !('name' in config)) return config
	return { ...config, name: undefined }
}

/** A pool whose statements each have a session for themselves; `connect` gives sessions that keep nothing. */
export function makePooledPool(config: pg.PoolConfig, role: Role): pg.Pool {
	const pool = new pg.Pool(config)
	const query = async (config: pg.QueryConfig): Promise<pg.QueryResult> => {
		const client = await pool.connect()
		let broken: Error | undefined
		try {
			return await queryInRole(client, [role, '0', '', '', '', ''], unnamed(config))
		} catch (error) {
			if (!(error instanceof pg.DatabaseError)) broken = error as Error
			throw error
		} finally {
			client.release(broken)
		}
	}
	return Object.assign(pool, { query })
}
