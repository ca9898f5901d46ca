/** `/graphql`, over HTTP and as a WebSocket, and `/graphiql` to try it. The schema is made from the database, so it comes when the database does. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Application, RequestHandler } from 'express'
import { callOne } from '../../db/calls.ts'
import type { Log } from '../../db/log.ts'
import type { Access } from '../access.ts'
import type { Caller, Database } from '../database.ts'
import { doorKinds } from '../errors.ts'
import { Problem } from '../problem.ts'
import type { Hub } from '../stream/hub.ts'
import type { Upgrade } from '../upgrades.ts'
import type { Door } from './door.ts'
import { makeGraphqlPool } from './pool.ts'

export const GRAPHQL_PATH = '/graphql'
const AGAIN_MS = 1_000
/** GraphiQL is for everybody: it holds nothing, and only so a browser comes to send a key. */
const OPEN_PATHS = /^\/graphiql(-static)?(\/|$)/
const PATHS = /^\/graphql(\/|$)/

export interface GraphqlOptions {
	database: Database
	access: Access
	/** Subscriptions are fed by it. */
	hub: Hub
	log: Log
}

export interface Graphql {
	install: (app: Application) => void
	open: Upgrade
	/** Makes the schema, again and again until the database lets it. */
	start(): void
	stop(): Promise<void>
}

export function makeGraphql({ database, access, hub, log }: GraphqlOptions): Graphql {
	const callers = new WeakMap<object, Caller>()
	const stopped = new AbortController()
	let door: Door | undefined
	let starting: Promise<void> | undefined

	function there(): Door {
		if (!door) throw new Problem(doorKinds.database_unavailable, 'The GraphQL schema is not there yet.', { hint: 'Try again in a moment.' })
		return door
	}

	const enter: RequestHandler = async (req, res, next) => {
		if (PATHS.test(req.path)) callers.set(req, await access.callerOf(req))
		else if (!OPEN_PATHS.test(req.path)) return next()
		return there().handle(req, res, next)
	}

	async function start(): Promise<void> {
		const pool = makeGraphqlPool(database)
		process.env.GRAPHILE_ENV ??= 'production'
		while (!stopped.signal.aborted) {
			try {
				const { has_schema } = await callOne<{ has_schema: boolean }>(database.own, 'readiness')
				if (has_schema) {
					const { makeDoor } = await import('./door.ts')
					door = await makeDoor({ pool, access, database, hub, callers, log })
					return
				}
			} catch (err) {
				log.debug({ err }, 'the GraphQL schema cannot be made yet')
			}
			await sleep(AGAIN_MS, undefined, { signal: stopped.signal }).catch(() => {})
		}
	}

	return {
		install: (app) => void app.use(enter),
		open: async (...upgrade) => there().sockets.open(...upgrade),
		start() {
			starting = start()
		},
		async stop() {
			stopped.abort()
			await starting
			await door?.sockets.stop()
			await door?.release()
		},
	}
}
