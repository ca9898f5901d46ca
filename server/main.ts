/** `npm run server`: the doors of one taskq database. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onStop } from '../db/lifecycle.ts'
import { type Log, makeLog } from '../db/log.ts'
import { isPooled } from '../db/pooled.ts'
import { type Settings, settingsOrExit } from '../db/settings.ts'
import { Access } from './access.ts'
import { makeApp } from './app.ts'
import { repeat, startTicking } from './background.ts'
import { Database } from './database.ts'
import { firstContact, StartError } from './first-contact.ts'
import { GRAPHQL_PATH, makeGraphql } from './graphql/install.ts'
import { isLoopback } from './origin.ts'
import { JobWaits } from './rest/waits.ts'
import { installStream, STREAM_PATH } from './stream/install.ts'
import { makeSubmit } from './submit.ts'
import { routeUpgrades } from './upgrades.ts'

export interface ServerOptions {
	settings: Settings
	connectionString: string
	/** For what must not go through a transaction pooler: LISTEN. */
	directConnectionString?: string | undefined
	log: Log
}

export interface RunningServer {
	/** Where it answers, with the port that it got. */
	url: string
	/** Takes no new connections, lets requests finish, closes WebSockets with 1001, then the pools. */
	stop(): Promise<void>
}

/** How long requests that are under way may take at the end. */
const GRACE_MS = 5_000

/** Starts a server. A database that is away is waited for: callers get 503 until it comes. Throws StartError. */
export async function startServer({ settings, connectionString, directConnectionString, log }: ServerOptions): Promise<RunningServer> {
	const local = isLoopback(settings.API_HOST)
	const pooled = isPooled(connectionString, directConnectionString)
	const database = new Database({ connectionString, pooled, log })
	const access = new Access({ database, local, allowedOrigins: settings.ALLOWED_ORIGINS })
	const again = await firstContact({ settings, connectionString, database, local, log }).catch(async (error) => {
		await database.end()
		throw error
	})

	const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 30_000 })
	const stream = installStream({ database, access, connectionString: directConnectionString ?? connectionString, log })
	const graphql = makeGraphql({ database, access, hub: stream.hub, log })
	routeUpgrades(server, { [STREAM_PATH]: stream.open, [GRAPHQL_PATH]: graphql.open })
	const waits = new JobWaits({ hub: stream.hub, database, access })
	const checks = { stream: stream.hub.check, waits: waits.check }
	server.on('request', makeApp({ log, database, access, submit: makeSubmit(database), waits, checks, doors: [graphql.install] }))
	const parts: { stop: () => Promise<void> }[] = [stream, graphql, waits, access]
	const stop = async () => {
		await Promise.all([close(server), ...parts.map((part) => part.stop())])
		await database.end()
	}
	try {
		const url = await listen(server, settings)
		graphql.start()
		parts.push(startTicking({ database, log }))
		if (again) parts.push(untilTrue(again))
		log.info({ url }, 'listening')
		return { url, stop }
	} catch (error) {
		await stop()
		throw error
	}
}

async function close(server: Server): Promise<void> {
	if (!server.listening) return
	const closed = once(server, 'close')
	server.close()
	server.closeIdleConnections()
	const grace = setTimeout(() => server.closeAllConnections(), GRACE_MS)
	await closed
	clearTimeout(grace)
}

function untilTrue(look: () => Promise<boolean>) {
	const looking = repeat(1_000, async () => {
		if (await look()) void looking.stop()
	})
	return looking
}

async function listen(server: Server, { API_HOST, API_PORT }: Settings): Promise<string> {
	server.listen(API_PORT, API_HOST)
	await once(server, 'listening')
	const { port } = server.address() as AddressInfo
	return `http://${API_HOST.includes(':') ? `[${API_HOST}]` : API_HOST}:${port}`
}

async function main(): Promise<void> {
	const settings = settingsOrExit()
	const { DATABASE_URL } = settings
	if (!DATABASE_URL) {
		console.error(
			'DATABASE_URL is not set: `npm run server` serves the database that it names. `npm start` brings up everything by itself.',
		)
		process.exit(2)
	}
	const log = makeLog(settings.LOG_LEVEL)
	try {
		const server = await startServer({
			settings,
			connectionString: DATABASE_URL,
			directConnectionString: settings.DATABASE_DIRECT_URL,
			log,
		})
		onStop(async (signal) => {
			log.info({ signal }, 'stopping')
			await server.stop()
		})
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException
		if (!(error instanceof StartError) && code !== 'EADDRINUSE' && code !== 'EACCES') throw error
		console.error((error as Error).message)
		process.exit(2)
	}
}

if (import.meta.main) await main()
