/** `/graphql`, and `/graphiql` to try it. The schema is made from the database, so it comes when the database does. */
import { setTimeout as sleep } from 'node:timers/promises'
import express, { type Application, type RequestHandler } from 'express'
import type pg from 'pg'
import { callOne } from '../../db/calls.ts'
import type { Access } from '../access.ts'
import type { Caller, Database } from '../database.ts'
import { doorKinds } from '../errors.ts'
import type { Log } from '../log.ts'
import { Problem } from '../problem.ts'
import { makeGraphqlPool } from './pool.ts'

const AGAIN_MS = 1_000
const PATHS = /^\/graph(i?)ql(-static)?(\/|$)/

export interface GraphqlOptions {
	database: Database
	access: Access
	log: Log
}

export interface Graphql {
	install: (app: Application) => void
	/** Makes the schema, again and again until the database lets it. */
	start(): void
	stop(): Promise<void>
}

interface Door {
	handle: RequestHandler
	release: () => Promise<void>
}

export function makeGraphql({ database, access, log }: GraphqlOptions): Graphql {
	const callers = new WeakMap<object, Caller>()
	const stopped = new AbortController()
	let door: Door | undefined
	let starting: Promise<void> | undefined

	const enter: RequestHandler = async (req, res, next) => {
		if (!PATHS.test(req.path)) return next()
		callers.set(req, await access.callerOf(req))
		if (!door) throw new Problem(doorKinds.database_unavailable, 'The GraphQL schema is not there yet.', { hint: 'Try again in a moment.' })
		return door.handle(req, res, next)
	}

	async function start(): Promise<void> {
		const pool = makeGraphqlPool(database)
		while (!stopped.signal.aborted) {
			try {
				const { has_schema } = await callOne<{ has_schema: boolean }>(database.own, 'readiness')
				if (has_schema) {
					door = await makeDoor(pool, (req) => callers.get(req)!)
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
		start() {
			starting = start()
		},
		async stop() {
			stopped.abort()
			await starting
			await door?.release()
		},
	}
}

/** PostGraphile takes a second to load, and REST does not wait for it. */
async function makeDoor(pool: pg.Pool, callerOf: (req: object) => Caller): Promise<Door> {
	process.env.GRAPHILE_ENV ??= 'production'
	const [{ postgraphile }, { grafserv }, { makePreset }] = await Promise.all([
		import('postgraphile'),
		import('postgraphile/grafserv/express/v4'),
		import('./preset.ts'),
	])
	const instance = postgraphile(makePreset({ pool, callerOf }))
	try {
		await instance.getSchema()
		const app = express().disable('x-powered-by')
		await instance.createServ(grafserv).addTo(app, null, false)
		return { handle: app, release: async () => void (await instance.release()) }
	} catch (error) {
		await instance.release()
		throw error
	}
}
