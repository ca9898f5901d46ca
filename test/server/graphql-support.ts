import { createClient, type Client as WsClient } from 'graphql-ws'
import pg from 'pg'
import { WebSocket } from 'ws'
import type { Db } from '../support/db.ts'
import { until } from '../support/patience.ts'
import type { Client, Json } from './support.ts'

/** Statements of GraphQL's pools in this process, as they are sent. Clients that were made before this is imported are not seen. */
export const statements: string[] = []

const query = pg.Client.prototype.query as (...args: unknown[]) => unknown
pg.Client.prototype.query = function (this: pg.Client, ...args: Json[]) {
	const { application_name } = (this as unknown as { connectionParameters: { application_name?: string } }).connectionParameters
	if (application_name === 'taskq server graphql') statements.push(args[0]?.text ?? args[0])
	return query.apply(this, args)
} as typeof pg.Client.prototype.query

export type Ask = (query: string, variables?: Json, headers?: Record<string, string>) => Promise<Json>

/** Asks a server's GraphQL endpoint, as soon as its schema is there. */
export const makeAsk =
	(api: Client): Ask =>
	(query, variables = {}, headers = {}) =>
		until(async () => {
			const { status, body } = await api.post('/graphql', { query, variables }, headers)
			return status !== 503 && body
		})

/** The header of an API key of this role. */
export const makeKey = async (db: Db, role: string): Promise<{ Authorization: string }> => ({
	Authorization: `Bearer ${(await db.row('select taskq.create_api_key($1, $1) as api_key', [role])).api_key}`,
})

export interface Subscription {
	/** All answers so far. */
	answers: Json[]
	/** The first event, come or to come, that is like this. */
	find: (wanted: (event: Json) => boolean) => Promise<Json>
	/** Whether it has ended, and with which error. */
	ended: Promise<unknown>
	end: () => void
}

export interface Subscriber {
	subscribe: (query: string, variables?: Json) => Subscription
	client: WsClient
	/** The sockets that it has opened. */
	sockets: WebSocket[]
	/** Code and reason of each socket that was closed. */
	closed: { code: number; reason: string }[]
}

/** A client of the GraphQL WebSocket; it does not come back by itself. */
export function makeSubscriber(url: string, connectionParams: Json = {}, headers: Record<string, string> = {}): Subscriber {
	const sockets: WebSocket[] = []
	class Socket extends WebSocket {
		constructor(address: string, protocols: string[]) {
			super(address, protocols, { headers })
			sockets.push(this)
		}
	}
	const closed: { code: number; reason: string }[] = []
	const client = createClient({
		url: `${url.replace('http', 'ws')}/graphql`,
		webSocketImpl: Socket,
		connectionParams,
		retryAttempts: 0,
		on: { closed: (event) => void closed.push(event as { code: number; reason: string }) },
	})
	const subscribe = (query: string, variables: Json = {}): Subscription => {
		const answers: Json[] = []
		let end = () => {}
		const ended = new Promise<unknown>((resolve) => {
			end = client.subscribe(
				{ query, variables },
				{ next: (answer) => void answers.push(answer), error: resolve, complete: () => resolve(undefined) },
			)
		})
		const events = () => answers.flatMap(({ data }) => Object.values(data ?? {}).filter((event) => event !== null) as Json[])
		return { answers, find: (wanted) => until(() => events().find(wanted)), ended, end }
	}
	return { subscribe, client, sockets, closed }
}
