import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Embedded, type EmbeddedOptions, startEmbedded } from './embedded.ts'

/** Looking at a process costs nothing; whoever waits for the database waits this much longer. */
const LOOK_MS = 250
/** One that ends while its database is made is back by then. */
const GIVE_UP_MS = 60_000

/**
 * Starts PostgreSQL and keeps it up: one that ends without being asked is started again on the same port, so that the
 * connection string, to this database of it, stays good and everyone reconnects by himself.
 */
export async function keepEmbedded(options: EmbeddedOptions & { database: string }): Promise<Pick<Embedded, 'url' | 'stop'>> {
	const { progress = () => {} } = options
	let postgres = await startEmbedded(options)
	const port = Number(new URL(postgres.url).port)

	let starting: Promise<void> | undefined
	const restart = async () => {
		progress('PostgreSQL has ended; starting it again …')
		try {
			postgres = await startEmbedded({ ...options, port })
			progress('PostgreSQL is back')
		} catch (error) {
			progress((error as Error).message)
		}
	}
	const look = setInterval(() => {
		if (starting || postgres.isAlive()) return
		starting = restart().finally(() => {
			starting = undefined
		})
	}, LOOK_MS)

	const stop = async () => {
		clearInterval(look)
		await starting
		await postgres.stop()
	}
	for (const giveUpAt = Date.now() + GIVE_UP_MS; ; await sleep(LOOK_MS)) {
		try {
			return { url: await makeDatabase(postgres.url, options.database), stop }
		} catch (error) {
			if (Date.now() > giveUpAt) {
				await stop()
				throw error
			}
			progress(`cannot make the database yet (${(error as Error).message}); trying again …`)
		}
	}
}

async function makeDatabase(url: string, name: string): Promise<string> {
	const client = new pg.Client(url)
	client.on('error', () => {}) // what is asked of it rejects
	try {
		await client.connect()
		const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
		if (!rowCount) await client.query(`create database ${client.escapeIdentifier(name)}`)
	} finally {
		await client.end().catch(() => {})
	}
	return Object.assign(new URL(url), { pathname: `/${name}` }).href
}
