import { type Embedded, type EmbeddedOptions, startEmbedded } from './embedded.ts'

/** Looking at a process costs nothing; whoever waits for the database waits this much longer. */
const LOOK_MS = 250

/**
 * Starts PostgreSQL and keeps it up: one that ends without being asked is started again on the same port, so that the
 * connection string stays good and everyone reconnects by himself.
 */
export async function keepEmbedded(options: EmbeddedOptions): Promise<Pick<Embedded, 'url' | 'stop'>> {
	const { progress = () => {} } = options
	let postgres = await startEmbedded(options)
	const { url } = postgres
	const port = Number(new URL(url).port)

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

	return {
		url,
		async stop() {
			clearInterval(look)
			await starting
			await postgres.stop()
		},
	}
}
