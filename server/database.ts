import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { call } from '../db/calls.ts'
import { makePool, type Queryable, type Role } from '../db/pool.ts'
import { queryInRole } from '../db/pooled.ts'
import type { Log } from './log.ts'
import { Unavailable } from './problem.ts'

/** Whoever asks for something: the role that decides what they may do, and the name of their API key. */
export interface Caller {
	role: Role
	/** Null where no key was given. */
	name: string | null
}

/** 40001 and 40P01 mean "again": the other transaction is done soon. */
const RETRIES = 3

export interface DatabaseOptions {
	connectionString: string
	/** The way leads through a transaction pooler. */
	pooled?: boolean
	log: Log
}

/** The server's way to the database: a pool for each role that callers have, made when the first comes. */
export class Database {
	readonly #options: DatabaseOptions
	readonly #pools = new Map<string, pg.Pool>()
	/** What name each connection was told last, so that it is told only when that changes. */
	readonly #names = new WeakMap<pg.ClientBase, string>()

	constructor(options: DatabaseOptions) {
		this.#options = options
	}

	/** What acts as this caller: the database's grants decide what it may do, and its audit log has the name. */
	as({ role, name }: Caller): Queryable {
		const pool = this.#pool(role, role, 10)
		return this.#queryable(pool, role, name ?? '')
	}

	/** The server's own connections, apart from callers': readiness and time go on when all of theirs are taken. */
	get own(): Queryable {
		return this.#queryable(this.#pool('own', 'taskq_operator', 3), 'taskq_operator', '')
	}

	/** Whether the way leads through a transaction pooler: nothing may be left in a session then. */
	get pooled(): boolean {
		return this.#options.pooled ?? false
	}

	/** A pool for a library that wants one; in this role where sessions can be in a role. */
	pool(name: string, role: Role, max: number): pg.Pool {
		return this.#pool(name, role, max)
	}

	async end(): Promise<void> {
		await Promise.all([...this.#pools.values()].map((pool) => pool.end()))
	}

	#pool(key: string, role: Role, max: number): pg.Pool {
		const made = this.#pools.get(key)
		if (made) return made
		const { connectionString, pooled = false, log } = this.#options
		const onError = (error: Error) => log.debug({ err: error, role }, 'an idle connection broke')
		const pool = makePool({ connectionString, pooled, role, name: `taskq server ${key}`, max, onError })
		pool.on('connect', (client) => client.on('error', ignore)) // while it is in use, whoever uses it is told by a rejection
		this.#pools.set(key, pool)
		return pool
	}

	#queryable(pool: pg.Pool, role: Role, name: string): Queryable {
		const query = async (config: pg.QueryConfig) => {
			for (let again = 0; ; again++) {
				try {
					return await this.#query(pool, role, name, config)
				} catch (error) {
					if (again === RETRIES || !isSerializationFailure(error)) throw error
					await sleep(2 ** again * 10 * (0.5 + Math.random()))
				}
			}
		}
		return { query } as Queryable
	}

	async #query(pool: pg.Pool, role: Role, name: string, config: pg.QueryConfig): Promise<pg.QueryResult> {
		const client = await pool.connect().catch((error) => {
			throw new Unavailable(error, false)
		})
		let broken: Error | undefined
		try {
			if (this.pooled) return await queryInRole(client, role, config, name)
			await this.#tell(client, name)
			return await client.query(config)
		} catch (error) {
			if (!(error instanceof pg.DatabaseError)) {
				broken = error as Error
				throw error instanceof TypeError ? error : new Unavailable(error, true)
			}
			if (error.code?.startsWith('57P') || error.code?.startsWith('08')) broken = error
			throw error
		} finally {
			client.release(broken)
		}
	}

	async #tell(client: pg.ClientBase, name: string): Promise<void> {
		if ((this.#names.get(client) ?? '') === name) return
		await call(client, 'nameCaller', [name])
		this.#names.set(client, name)
	}
}

const ignore = () => {}
const isSerializationFailure = (error: unknown) => error instanceof pg.DatabaseError && (error.code === '40001' || error.code === '40P01')
