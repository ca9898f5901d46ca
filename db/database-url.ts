import fs from 'node:fs'
import path from 'node:path'
import { isAlive, readPostmaster } from './embedded-process.ts'
import type { Settings } from './settings.ts'

/** The database that DATABASE_URL names, or that of the PostgreSQL that `npm start` keeps up at this moment; undefined if there is neither. */
export function databaseUrl({ DATABASE_URL, TASKQ_DATA_DIR }: Settings): string | undefined {
	if (DATABASE_URL) return DATABASE_URL
	const dir = path.join(TASKQ_DATA_DIR, 'postgresql')
	const server = readPostmaster(dir)
	if (!server?.ready || !isAlive(server.pid)) return undefined
	return `postgres://postgres:${fs.readFileSync(path.join(dir, 'taskq-password'), 'utf8')}@127.0.0.1:${server.port}/taskq`
}

/** The same, or ends the process saying what to do. */
export function databaseUrlOrExit(settings: Settings): string {
	const url = databaseUrl(settings)
	if (url) return url
	console.error(`There is no database: DATABASE_URL is not set, and no \`npm start\` runs with its data in ${settings.TASKQ_DATA_DIR}.`)
	process.exit(2)
}
