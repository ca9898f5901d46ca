/** Statements that act as somebody: each in a transaction that is told first who asks, in the same round trip. */
import type { Socket } from 'node:net'
import pg from 'pg'
import { statements } from './calls.ts'
import type { Role } from './pool.ts'

/** What a transaction is told, each of it to last as long as the transaction: role, statement_timeout, door, caller, key, queues. */
export type Told = readonly [role: Role, statementTimeout: string, door: string, caller: string, keyId: string, queues: string]

const NAME = 'becomeCaller'

/** What of a connection and of a query pg does not type. */
interface Connection {
	stream: Socket
	parsedStatements: Record<string, string>
	parse(statement: { text: string }): void
	bind(portal: { statement?: string; values: readonly string[] }): void
	execute(portal: object): void
}
interface Query {
	submit(connection: Connection): Error | null
	handleError(error: Error, connection: Connection): void
	handleDataRow(message: unknown): void
	handleCommandComplete(message: unknown, connection: Connection): void
}

/**
 * One statement as somebody. Who that is, and the statement, go out together with one end: PostgreSQL takes that for one transaction, and
 * commits it there. Where the role cannot be taken, the statement is not done. A statement with a name is prepared (not through a pooler).
 */
export async function queryInRole(client: pg.ClientBase, told: Told, config: pg.QueryConfig): Promise<pg.QueryResult> {
	const { connection } = client as unknown as { connection: Connection }
	const isPrepared = config.name !== undefined
	if (isPrepared && !connection.parsedStatements[NAME])
		await client.query({ name: NAME, text: statements[NAME], values: [...told] }).catch((error) => {
			throw untold(error, told)
		})
	return new Promise((resolve, reject) => {
		const done = (error: Error | null, result: pg.QueryResult) => (error ? reject(error) : resolve(result))
		const query = new (pg.Query as unknown as new (...args: unknown[]) => Query)({ ...config, queryMode: 'extended' }, undefined, done)
		tellFirst(query, told, isPrepared)
		client.query(query as unknown as pg.Submittable)
	})
}

/** An error of what is told first: no caller can mend that the login of this process may not become them. */
function untold(error: Error, [role]: Told): Error {
	const isRefused = error instanceof pg.DatabaseError && error.code === '42501'
	return isRefused ? Object.assign(error, { hint: `Grant ${role} to the database login that taskq connects as.` }) : error
}

function tellFirst(query: Query, told: Told, isPrepared: boolean): void {
	const { submit, handleError, handleDataRow, handleCommandComplete } = query
	let isTold = false
	Object.assign(query, {
		submit(connection: Connection) {
			connection.stream.cork() // one packet: the database is woken once
			try {
				if (!isPrepared) connection.parse({ text: statements[NAME] })
				connection.bind({ ...(isPrepared && { statement: NAME }), values: told })
				connection.execute({})
				return submit.call(query, connection)
			} finally {
				connection.stream.uncork()
			}
		},
		handleError(error: Error, connection: Connection) {
			handleError.call(query, isTold ? error : untold(error, told), connection)
		},
		handleDataRow(message: unknown) {
			if (isTold) handleDataRow.call(query, message)
		},
		handleCommandComplete(message: unknown, connection: Connection) {
			if (isTold) handleCommandComplete.call(query, message, connection)
			isTold = true
		},
	} satisfies Query)
}
