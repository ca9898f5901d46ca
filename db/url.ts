/** `npm run -s url`: the connection string of the database, for psql: that of DATABASE_URL, or of the PostgreSQL of `npm start`. */
import fs from 'node:fs'
import path from 'node:path'
import { isAlive, readPostmaster } from './embedded-process.ts'
import { settingsOrExit } from './settings.ts'

const { DATABASE_URL, TASKQ_DATA_DIR } = settingsOrExit()
const dir = path.join(TASKQ_DATA_DIR, 'postgresql')

function embeddedUrl(): string | undefined {
	const server = readPostmaster(dir)
	if (!server?.ready || !isAlive(server.pid)) return undefined
	return `postgres://postgres:${fs.readFileSync(path.join(dir, 'taskq-password'), 'utf8')}@127.0.0.1:${server.port}/taskq`
}

const url = DATABASE_URL ?? embeddedUrl()
if (url) console.log(url)
else {
	console.error(`no PostgreSQL runs on ${dir}: start it with \`npm start\`, or set DATABASE_URL or TASKQ_DATA_DIR`)
	process.exit(1)
}
