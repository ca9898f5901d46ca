/** `npm run key -- --name me --role taskq_operator`: makes an API key and shows it, this once. */
import { parseArgs } from 'node:util'
import { callOne } from '../db/calls.ts'
import { databaseUrlOrExit } from '../db/database-url.ts'
import { makePool } from '../db/pool.ts'
import { settingsOrExit } from '../db/settings.ts'

const ROLES = ['taskq_reader', 'taskq_client', 'taskq_operator', 'taskq_admin']
const USAGE = `npm run key -- --name <whose it is> [--role ${ROLES.join('|')}] [--expires <ISO 8601 instant>]`

function readArguments(): { name: string; role: string; expires: string | undefined } {
	try {
		const { values } = parseArgs({ options: { name: { type: 'string' }, role: { type: 'string' }, expires: { type: 'string' } } })
		const { name, role = 'taskq_client', expires } = values
		if (!name || name.length > 200) throw new Error('--name must be a text of 1 to 200 characters')
		if (!ROLES.includes(role)) throw new Error(`--role must be one of ${ROLES.join(', ')}`)
		if (expires !== undefined && !(Date.parse(expires) > Date.now()))
			throw new Error('--expires must be an instant to come, such as 2030-01-15T10:00:00Z')
		return { name, role, expires }
	} catch (error) {
		console.error(`${(error as Error).message}\n\n    ${USAGE}`)
		process.exit(2)
	}
}

const { name, role, expires } = readArguments()
const settings = settingsOrExit()
const { DATABASE_URL, DATABASE_DIRECT_URL } = settings
const connectionString = (DATABASE_URL && DATABASE_DIRECT_URL) || databaseUrlOrExit(settings)
const pool = makePool({ connectionString, role: 'taskq_admin', name: 'taskq key', max: 1 })
try {
	const { api_key } = await callOne<{ api_key: string }>(pool, 'createApiKey', [name, role, expires ?? null])
	console.log(api_key)
	console.error('This is the only time that it is shown. Send it as `Authorization: Bearer <key>`.')
} finally {
	await pool.end()
}
