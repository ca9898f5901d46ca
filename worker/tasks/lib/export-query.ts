import pg from 'pg'

export interface ExportPlan {
	source: string
	table?: string | undefined
	query?: string | undefined
	columns?: string[] | undefined
	user_id?: string | number | undefined
	filter?: Record<string, string | number | boolean | null> | undefined
	format: 'csv' | 'jsonl'
	limit?: number | undefined
}

const quote = pg.escapeIdentifier

/** The one select that an export is. Values are parameters, names are quoted; nothing of the payload is SQL but `query`. */
export function exportQuery({ table, query, columns, user_id, filter = {}, format, limit, source }: ExportPlan): {
	text: string
	values: string[]
} {
	const values: string[] = []
	const value = (of: string | number | boolean) => `$${values.push(String(of))}`

	const from = query === undefined ? (table ?? 'taskq.jobs').split('.').map(quote).join('.') : subQuery(query)
	const conditions = Object.entries(filter).map(([column, wanted]) =>
		wanted === null ? `${quote(column)} is null` : `${quote(column)} = ${value(wanted)}`,
	)
	if (user_id !== undefined) conditions.push(ofUser(value(user_id), source === 'taskq' && isJobs(table, query)))

	const select = [
		`select ${columns?.map(quote).join(', ') ?? '*'}`,
		`from ${from} as source`,
		...(conditions.length > 0 ? [`where ${conditions.join(' and ')}`] : []),
		...(limit === undefined ? [] : [`limit ${value(limit)}`]),
	].join('\n')
	return { text: format === 'csv' ? select : `select row_to_json(line)::text\nfrom (${select}) as line`, values }
}

/**
 * In parentheses only a select fits, and a second statement does not (nor does the protocol take one). The line break
 * ends a comment that the query may end in.
 */
const subQuery = (query: string) => `(${query.trim().replace(/;$/, '')}\n)`

const isJobs = (table?: string, query?: string) => query === undefined && (table ?? 'taskq.jobs') === 'taskq.jobs'

/** A job has no column for the user that it is about: who submits it writes that into the payload or the metadata. */
const ofUser = (user: string, jobs: boolean) =>
	jobs ? `(payload ->> 'user_id' = ${user} or metadata ->> 'user_id' = ${user})` : `user_id::text = ${user}`
