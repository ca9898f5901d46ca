import pg from 'pg'
import { FatalError } from '../../task.ts'

/** The source that is always there: the queue's own database, through the role that may only read. */
export const OWN_SOURCE = 'taskq'

interface Source {
	connectionString: string
	/** Whether the login itself is limited. If only a role set on top is, a query could set it back. */
	takesQueries: boolean
}

/** Finds a source by name. Messages name sources and settings, never connection strings: those hold passwords. */
export function findSource(name: string): Source {
	if (name === OWN_SOURCE) return ownSource()
	const sources = namedSources()
	const connectionString = Object.hasOwn(sources, name) ? sources[name] : undefined
	if (typeof connectionString === 'string') return { connectionString, takesQueries: true }
	const known = [OWN_SOURCE, ...Object.keys(sources)].join(', ')
	throw new FatalError(`no data source ${JSON.stringify(name)}: there are ${known} (setting DATA_SOURCES)`)
}

function namedSources(): Record<string, unknown> {
	try {
		const sources: unknown = JSON.parse(process.env.DATA_SOURCES || '{}')
		if (sources && typeof sources === 'object' && !Array.isArray(sources)) return sources as Record<string, unknown>
	} catch {
		// Falls through to the one message for everything that is no JSON object.
	}
	throw new FatalError('the setting DATA_SOURCES is no JSON object of names and connection strings')
}

function ownSource(): Source {
	const own = process.env.TASKQ_EXPORT_URL || process.env.DATABASE_DIRECT_URL || process.env.DATABASE_URL
	if (!own) throw new Error(`no database for the data source ${OWN_SOURCE}: neither TASKQ_EXPORT_URL nor DATABASE_URL is set`)
	const url = new URL(own)
	const options = [url.searchParams.get('options'), '-c role=taskq_reader'].filter(Boolean).join(' ')
	url.searchParams.set('options', options)
	return { connectionString: url.href, takesQueries: Boolean(process.env.TASKQ_EXPORT_URL) }
}

// The last line: PostgreSQL 14 and later look every second whether the client is still there; older ones do not know it.
const SETTINGS = `
	select set_config('statement_timeout', '300s', true), set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true),
		set_config('cursor_tuple_fraction', '1', true),
		(select set_config(name, '1s', true) from pg_settings where name = 'client_connection_check_interval')`

/**
 * Runs `use` in a read-only transaction on a data source.
 *
 * @throws FatalError for what the database says is wrong with the question (a table, a column, a right); other Errors may be retried.
 */
export async function withSource<T>(name: string, signal: AbortSignal, use: (client: pg.Client) => Promise<T>): Promise<T> {
	const { connectionString } = findSource(name)
	signal.throwIfAborted()
	const client = new pg.Client({ connectionString, application_name: 'taskq/export', connectionTimeoutMillis: 10_000 })
	// A connection that breaks fails the call in progress as well; without a listener it would end the process.
	client.on('error', () => {})
	const cut = () => void client.end().catch(() => {})
	try {
		await client.connect()
		signal.throwIfAborted()
		// Not before: a client that is ended while it connects never says so.
		signal.addEventListener('abort', cut, { once: true })
		await client.query('begin read only')
		await client.query(SETTINGS)
		return await use(client)
	} catch (error) {
		signal.throwIfAborted()
		throw explain(name, error)
	} finally {
		signal.removeEventListener('abort', cut)
		await client.end().catch(() => {})
	}
}

// Invalid data, not supported, no such schema, syntax or access rule (with undefined table and column), read-only and no way out of it.
const FATAL = /^(22|0A|3F|42|2500[16])/

function explain(name: string, error: unknown): unknown {
	if (error instanceof FatalError || !(error instanceof Error)) return error
	const { code = '' } = error as { code?: string }
	const text = `data source ${name}: ${error.message || code || 'not reachable'}`
	return FATAL.test(code) ? new FatalError(text, { cause: error }) : new Error(text, { cause: error })
}
