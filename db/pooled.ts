/** The way through a transaction pooler, such as pgbouncer: nothing may be left in a session, since the next one gets it. */
import pg from 'pg'
import { statements } from './calls.ts'
import type { Role } from './pool.ts'

/** Whether statements go through a pooler: that is when there is another, direct, way to the database. */
export const isPooled = (connectionString: string, directConnectionString?: string): boolean =>
	directConnectionString !== undefined && directConnectionString !== connectionString

/**
 * One statement in a transaction of its own, in this role, under this caller's name. What surrounds it is sent along with it
 * (`pipeline`), so it is still one round trip.
 */
export async function queryInRole(client: pg.ClientBase, role: Role, config: pg.QueryConfig, caller = ''): Promise<pg.QueryResult> {
	const sent: Promise<unknown>[] = [client.query(`begin; set local role ${role}`)]
	if (caller) sent.push(client.query(statements.nameCallerHere, [caller]))
	const asked = client.query(unnamed(config))
	sent.push(asked, client.query('commit'))
	const failed = (await Promise.allSettled(sent)).find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined
	if (failed) throw failed.reason
	return asked
}

/** A prepared statement stays in the session that prepared it. */
export function unnamed<Config>(config: Config): Config {
	if (typeof config !== 'object' || config === null || !('name' in config)) return config
	return { ...config, name: undefined }
}

/** A pool whose statements each have a session for themselves; `connect` gives sessions that keep nothing. */
export function makePooledPool(config: pg.PoolConfig, role: Role): pg.Pool {
	const pool = new pg.Pool({ ...config, pipeline: true } as pg.PoolConfig)
	const query = async (config: pg.QueryConfig): Promise<pg.QueryResult> => {
		const client = await pool.connect()
		let broken: Error | undefined
		try {
			return await queryInRole(client, role, config)
		} catch (error) {
			if (!(error instanceof pg.DatabaseError)) broken = error as Error
			throw error
		} finally {
			client.release(broken)
		}
	}
	return Object.assign(pool, { query })
}
