import type pg from 'pg'
import { type Call, call } from '../../db/calls.ts'
import type { Db } from './db.ts'

/** A session of its own, to hold a transaction open in. */
export interface Session {
	pid: number
	query: (sql: string, values?: unknown[]) => Promise<pg.QueryResult>
	call: <Row = Record<string, unknown>>(name: Call, values: unknown[]) => Promise<Row[]>
	/** Starts a statement that must wait for another session; comes back when it does wait. Its end is `done`. */
	waiting: <Row = Record<string, unknown>>(name: Call, values: unknown[]) => Promise<{ done: Promise<Row[]> }>
	/** The same for any statement. */
	waitingQuery: (sql: string, values?: unknown[]) => Promise<{ done: Promise<pg.QueryResult> }>
}

export async function openSession(db: Db): Promise<Session> {
	const client = await db.client()
	const { rows } = await client.query('select pg_backend_pid() as pid')
	const pid: number = rows[0].pid
	/** Comes back when the statement waits for another session. */
	async function seenWaiting<T>(statement: Promise<T>, what: string): Promise<{ done: Promise<T> }> {
		let ended = false
		const done = statement.finally(() => {
			ended = true
		})
		done.catch(() => {}) // whoever awaits `done` is told
		while (!ended) {
			const { waits } = await db.row('select cardinality(pg_blocking_pids($1)) as waits', [pid])
			if (waits > 0) return { done }
		}
		throw new Error(`${what} was expected to wait for another session`)
	}
	const session: Session = {
		pid,
		query: (sql, values) => client.query(sql, values),
		call: (name, values) => call(client, name, values),
		waiting: (name, values) => seenWaiting(call<never>(client, name, values), name),
		waitingQuery: (sql, values) => seenWaiting(client.query(sql, values), sql),
	}
	return session
}

export const openSessions = (db: Db, count: number): Promise<Session[]> => Promise.all(Array.from({ length: count }, () => openSession(db)))

/** What one waits for, as a value: its rows or its SQLSTATE. */
export const outcomeOf = <Row>(statement: Promise<Row[]>): Promise<Row[] | string> =>
	statement.catch((error: { code?: string }) => error.code ?? String(error))
