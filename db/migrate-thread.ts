/**
 * What db/migrate.ts runs in a thread of its own: graphile-migrate ends its process, or leaves an exception that nobody can
 * catch, when a session of its breaks. So it ends this thread, and whoever started it tries again.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { Logger, migrate } from 'graphile-migrate'

export interface MigrateData {
	connectionString: string
	migrationsFolder: string
}

export type MigrateMessage = { line: string } | { done: true } | { error: { message: string; code?: string } }

const root = path.resolve(import.meta.dirname, '..')
const inGraphileMigrate = createRequire(createRequire(import.meta.url).resolve('graphile-migrate'))
const send = (message: MigrateMessage) => parentPort!.postMessage(message)

/** .gmrc is JSON5, so that the command line and the server read one configuration. */
function readConfig(): Record<string, unknown> {
	const JSON5 = inGraphileMigrate('json5') as { parse(text: string): Record<string, unknown> }
	return JSON5.parse(readFileSync(path.join(root, '.gmrc'), 'utf8'))
}

try {
	await migrate({
		...readConfig(),
		...(workerData as MigrateData),
		logger: new Logger(() => (_level, message) => send({ line: message })),
	})
	send({ done: true })
} catch (error) {
	const { message, code } = error as Error & { code?: string }
	send({ error: { message, code } })
}
// it would keep its sessions for 200 ms more
;(inGraphileMigrate('./pg') as { clearAllPools(): void }).clearAllPools()
