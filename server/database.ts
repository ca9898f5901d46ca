import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { queryInRole, type Told } from '../db/in-role.ts'
import type { Log } from '../db/log.ts'
import { makePool, type Queryable, type Role } from '../db/pool.ts'
import { unnamed } from '../db/pooled.ts'
import { Unavailable } from './problem.ts'

/** Whoever asks for something: the role that decides what they may do, and what their API key says of them. */
export interface Caller {
	role: Role
	/** The name of their API key; null where no key was given. */
	name: string | null
	/** The public half of that key. */
	keyId?: string | null
	/** The queues that they may see and touch; absent or null for all. */
	queues?: readonly string[] | null
}

/** By which door a request came: the audit log has it. */
export type Door = 'rest' | 'graphql' | 'websocket' | 'grpc'

/** 40001 and 40P01 mean "again": the other transaction is done soon. */
const RETRIES = 3
const CALLERS = 10
/** Below the time after which a silent connection is given up, so that the database says why. */
const STATEMENT_TIMEOUTS: Record<Role, string> = {
	taskq_reader: '10s',
	taskq_client: '15s',
	taskq_worker: '15s',
	taskq_operator: '15s',
	taskq_admin: '15s',
}

const toldOf = ({ role, name, keyId, queues }: Caller, door: Door): Told => [
	role,
	STATEMENT_TIMEOUTS[role],
	door,
	name ?? '',
	keyId ?? '',
	queues ? `{${queues.map((queue) => JSON.stringify(queue)).join(',')}}` : '',
]

/** The same by name, for a library that begins its transactions itself. */
export function settingsOf(caller: Caller, door: Door): Record<string, string> {
	const [role, timeout, ...rest] = toldOf(caller, door)
	return {
		role,
		statement_timeout: timeout,
		'taskq.door': rest[0],
		'taskq.caller': rest[1],
		'taskq.key_id': rest[2],
		'taskq.queues': rest[3],
	}
}

export interface DatabaseOptions {
	connectionString: string
	/** The way leads through a transaction pooler. */
	pooled?: boolean
	log: Log
}

/** The server's way to the database: one pool for all callers, each of whose statements is in a transaction in the caller's role. */
export class Database {
	readonly #options: DatabaseOptions
	readonly #pools = new Map<string, pg.Pool>()

	constructor(options: DatabaseOptions) {
		this.#options = options
	}

	/** What acts as this caller: the database's grants decide what it may do, and its audit log has the name. */
	as(caller: Caller, door: Door = 'rest'): Queryable {
		return this.#queryable(this.#pool('callers', 'taskq_reader', CALLERS), toldOf(caller, door))
	}

	/** The server's own connections, apart from callers': readiness and time go on when all of theirs are taken. */
	get own(): Queryable {
		return this.#queryable(this.#pool('own', 'taskq_operator', 3), this.pooled ? ['taskq_operator', '0', '', '', '', ''] : undefined)
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

	#queryable(pool: pg.Pool, told: Told | undefined): Queryable {
		const query = async (config: pg.QueryConfig) => {
			const asked = this.pooled ? unnamed(config) : config
			for (let again = 0; ; again++) {
				try {
					return await ask(pool, told, asked)
				} catch (error) {
					if (again === RETRIES || !isSerializationFailure(error)) throw error
					await sleep(2 ** again * 10 * (0.5 + Math.random()))
				}
			}
		}
		return { query } as Queryable
	}
}

async function ask(pool: pg.Pool, told: Told | undefined, config: pg.QueryConfig): Promise<pg.QueryResult> {
	const client = await pool.connect().catch((error) => {
		throw new Unavailable(error, false)
	})
	let broken: Error | undefined
	try {
		return await (told ? queryInRole(client, told, config) : client.query(config))
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

const ignore = () => {}
const isSerializationFailure = (error: unknown) => error instanceof pg.DatabaseError && (error.code === '40001' || error.code === '40P01')
