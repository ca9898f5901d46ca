/** `npm run key`: makes an API key and shows it, this once; rotates, revokes and lists them. */
import { parseArgs } from 'node:util'
import { call, callOne } from '../db/calls.ts'
import { databaseUrlOrExit } from '../db/database-url.ts'
import { makePool, type Queryable } from '../db/pool.ts'
import { settingsOrExit } from '../db/settings.ts'

const ROLES = ['taskq_reader', 'taskq_client', 'taskq_operator', 'taskq_admin']
const USAGE = [
	`npm run key -- --name <whose it is> [--role ${ROLES.join('|')}] [--expires <ISO 8601 instant>] [--queues a,b]`,
	'npm run key -- --rotate <id> [--grace <seconds that the old one is good for yet>]',
	'npm run key -- --revoke <id>',
	'npm run key -- --list',
]
const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const options = {
	...{ name: text, role: text, expires: text, queues: text, rotate: text, grace: text, revoke: text },
	...{ list: flag, help: flag },
} as const
type Given = ReturnType<typeof parseArgs<{ options: typeof options }>>['values']
type Action = 'name' | 'rotate' | 'revoke' | 'list'
/** What goes with each. */
const BESIDE: Record<Action, readonly string[]> = { name: ['role', 'expires', 'queues'], rotate: ['grace'], revoke: [], list: [] }

function readArguments(): { action: Action; given: Given } {
	try {
		const { values: given } = parseArgs({ options })
		if (given.help) {
			console.log(USAGE.join('\n'))
			process.exit()
		}
		const actions = (Object.keys(BESIDE) as Action[]).filter((name) => given[name] !== undefined)
		const [action] = actions
		if (!action || actions.length > 1) throw new Error('Say one of --name, --rotate, --revoke and --list')
		const stray = Object.keys(given).find((name) => name !== action && !BESIDE[action].includes(name))
		if (stray) throw new Error(`--${stray} does not go with --${action}`)
		check(given)
		return { action, given }
	} catch (error) {
		console.error(`${(error as Error).message}\n\n    ${USAGE.join('\n    ')}`)
		process.exit(2)
	}
}

function check({ name, role, expires, queues, grace }: Given): void {
	if (name !== undefined && (!name || name.length > 200)) throw new Error('--name must be a text of 1 to 200 characters')
	if (role !== undefined && !ROLES.includes(role)) throw new Error(`--role must be one of ${ROLES.join(', ')}`)
	if (expires !== undefined && !(Date.parse(expires) > Date.now()))
		throw new Error('--expires must be an instant to come, such as 2030-01-15T10:00:00Z')
	if (queues !== undefined && !/^[\w.:-]{1,100}(,[\w.:-]{1,100})*$/.test(queues))
		throw new Error('--queues must be names of queues joined by commas')
	if (grace !== undefined && !(/^\d{1,8}$/.test(grace) && Number(grace) <= 31_536_000))
		throw new Error('--grace must be whole seconds from 0 to 31536000')
}

function show({ api_key }: { api_key: string }): void {
	console.log(api_key)
	console.error('This is the only time that it is shown. Send it as `Authorization: Bearer <key>`.')
}

const actions: Record<Action, (db: Queryable, given: Given) => Promise<void>> = {
	async name(db, { name, role = 'taskq_client', queues, expires }) {
		show(await callOne<{ api_key: string }>(db, 'issueApiKey', [name, role, queues?.split(',') ?? null, expires ?? null]))
	},
	async rotate(db, { rotate, grace = '86400' }) {
		show(await callOne<{ api_key: string }>(db, 'rotateApiKey', [rotate, Number(grace)]))
	},
	async revoke(db, { revoke }) {
		await call(db, 'revokeApiKey', [revoke])
		console.log(`${revoke} has ended`)
	},
	async list(db) {
		console.table(await call(db, 'apiKeys'))
	},
}

const { action, given } = readArguments()
const settings = settingsOrExit()
const { DATABASE_URL, DATABASE_DIRECT_URL } = settings
const connectionString = (DATABASE_URL && DATABASE_DIRECT_URL) || databaseUrlOrExit(settings)
const pool = makePool({ connectionString, role: 'taskq_admin', name: 'taskq key', max: 1 })
try {
	await actions[action](pool, given)
} catch (error) {
	const { code, message, hint } = error as { code?: string; message: string; hint?: string }
	if (!code?.startsWith('TQ')) throw error
	console.error(hint ? `${message}: ${hint}` : message)
	process.exitCode = 1
} finally {
	await pool.end()
}
