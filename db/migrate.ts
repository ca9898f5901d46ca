import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { Logger, migrate as runMigrations } from 'graphile-migrate'
import pg from 'pg'

const root = path.resolve(import.meta.dirname, '..')

/** Any constant: graphile-migrate itself only tries its lock and fails, so processes that start at once wait here. */
const MIGRATION_LOCK = 1952541552

/** .gmrc is JSON5, so that the command line and the server read one configuration. */
function readConfig(): Record<string, unknown> {
	const require = createRequire(createRequire(import.meta.url).resolve('graphile-migrate'))
	const JSON5 = require('json5') as { parse(text: string): Record<string, unknown> }
	return JSON5.parse(readFileSync(path.join(root, '.gmrc'), 'utf8'))
}

/**
 * Brings a database to the current schema; does nothing where it is current. Any number of processes may call it at once.
 * `connectionString` must be of a superuser, or of a role with CREATEROLE that owns the database.
 */
export async function migrate(connectionString: string, progress: (line: string) => void = () => {}): Promise<void> {
	const guard = new pg.Client({ connectionString, application_name: 'taskq migrate' })
	await guard.connect()
	try {
		await guard.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
		await runMigrations({
			...readConfig(),
			connectionString,
			migrationsFolder: path.join(root, 'db/migrations'),
			logger: new Logger(() => (_level, message) => progress(message)),
		})
	} finally {
		await guard.end()
	}
}

if (import.meta.main) {
	const url = process.env.DATABASE_URL
	if (!url) {
		console.error('DATABASE_URL is not set. `npm run migrate` brings that database to the current schema; `npm start` needs none.')
		process.exit(2)
	}
	await migrate(url, (line) => console.log(line))
}
