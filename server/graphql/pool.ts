import type { Socket } from 'node:net'
import pg from 'pg'
import { unnamed } from '../../db/pooled.ts'
import type { Database } from '../database.ts'
import { doorKinds } from '../errors.ts'
import { Problem, Unavailable } from '../problem.ts'

/** Of one statement's answer; a page of 200 jobs may hold as many payloads of 1 MiB. */
const MAX_ANSWER_BYTES = 16 * 2 ** 20

/** What of pg's client its types leave out. */
interface Wire {
	connection: { stream: Socket; on(event: 'dataRow', listener: (row: { length: number }) => void): void }
}

/** Errors of the connection have no SQLSTATE; they are told from all others by where they come from. */
const asUnavailable = (sent: boolean) => (error: unknown) => {
	throw error instanceof pg.DatabaseError || error instanceof Problem ? error : new Unavailable(error, sent)
}

/** Ends the connection in the middle of an answer that is too large: there is no other way not to receive the rest of it. */
function boundAnswers(client: pg.PoolClient): void {
	const { connection } = client as unknown as Wire
	const query = client.query.bind(client) as (...args: unknown[]) => Promise<pg.QueryResult>
	let bytes = 0
	let problem: Problem | undefined
	connection.on('dataRow', ({ length }) => {
		bytes += length
		if (bytes <= MAX_ANSWER_BYTES || problem) return
		problem = new Problem(doorKinds.answer_too_large, `The answer has more than ${MAX_ANSWER_BYTES} bytes.`)
		connection.stream.destroy(problem)
	})
	Object.assign(client, {
		query(...args: unknown[]) {
			bytes = 0
			return query(...args).catch((error) => {
				throw problem ?? error // also where the transaction cannot be rolled back any more
			})
		},
	})
}

/** The pool that PostGraphile asks. Each of its transactions takes the caller's role. */
export function makeGraphqlPool(database: Database): pg.Pool {
	const pool = database.pool('graphql', 'taskq_reader', 10)
	const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>
	pool.on('connect', (client) => {
		boundAnswers(client)
		const query = client.query.bind(client) as (...args: unknown[]) => Promise<pg.QueryResult>
		Object.assign(client, {
			query: (config: unknown, ...args: unknown[]) => query(database.pooled ? unnamed(config) : config, ...args).catch(asUnavailable(true)),
		})
	})
	return Object.assign(Object.create(pool), { connect: () => connect().catch(asUnavailable(false)) }) as pg.Pool
}
