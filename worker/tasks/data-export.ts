import type pg from 'pg'
import { z } from 'zod'
import { FatalError, task } from '../task.ts'
import { toCsv } from './lib/csv.ts'
import { type ExportPlan, exportQuery } from './lib/export-query.ts'
import { outputDir, writeWhole } from './lib/files.ts'
import { findSource, OWN_SOURCE, withSource } from './lib/sources.ts'

// A job's payload and result may be 1 MiB each, and a batch is in memory whole.
const ROWS_AT_ONCE = 50

const name = z.string().min(1).max(63)
// The length keeps zod from writing a list of types, which the check at submit does not read.
const scalar = z.union([z.string().max(10_000), z.number(), z.boolean(), z.null()])

export const dataExport = task(
	{
		type: 'data_export',
		description:
			'Writes the rows of a table or a query to a csv or jsonl file in the output folder, from a data source that is only read. ' +
			'With nothing but a user_id: the jobs of that user.',
		payload: z
			.strictObject({
				source: name.default(OWN_SOURCE).describe("A name from the setting DATA_SOURCES; taskq is the queue's own database"),
				table: z.string().min(1).max(127).optional().describe('A table or view, with its schema if need be; taskq.jobs if left out'),
				query: z
					.string()
					.min(1)
					.max(20_000)
					.optional()
					.describe('One select instead of a table; on taskq only where TASKQ_EXPORT_URL is set'),
				columns: z.array(name).min(1).max(200).optional().describe('Only these columns, in this order'),
				user_id: z
					.union([z.string().max(200), z.int()])
					.optional()
					.describe('Only rows of this user: a column user_id, or for taskq.jobs the user_id in payload or metadata'),
				filter: z.object({}).catchall(scalar).optional().describe('Only rows in which each of these columns has this value'),
				format: z.enum(['csv', 'jsonl']).default('csv').describe('csv with a header, or a JSON object a line'),
				limit: z.int().min(1).max(100_000_000).optional().describe('At most this many rows'),
				escape_formulas: z.boolean().default(true).describe('csv: an apostrophe before text that a spreadsheet would run'),
			})
			.refine(({ table, query }) => table === undefined || query === undefined, { path: ['query'], error: 'or table, not both' })
			.refine(({ source, table, query }) => source === OWN_SOURCE || (table ?? query) !== undefined, {
				path: ['table'],
				error: 'or query is needed for this source',
			}),
		cpuUnits: 1,
		memoryMb: 256,
		timeoutSeconds: 900,
		isolation: 'thread',
	},
	async ({ escape_formulas, ...plan }, job) => {
		if (plan.query !== undefined && !findSource(plan.source).takesQueries)
			throw new FatalError('a query on taskq needs TASKQ_EXPORT_URL, a login that may only read: with DATABASE_URL it could leave its role')

		job.log.info(`exporting ${plan.query === undefined ? (plan.table ?? 'taskq.jobs') : 'a query'} of ${plan.source} as ${plan.format}`)
		const count = { rows: 0 }
		const { file, bytes, sha256 } = await withSource(plan.source, job.signal, async (client) => {
			const lines =
				plan.format === 'csv' ? toCsv(read(client, plan, count), { escapeFormulas: escape_formulas }) : jsonLines(read(client, plan, count))
			return writeWhole(outputDir(), `${job.id}.${plan.format}`, lines, job.signal)
		})
		return { file, format: plan.format, rows: count.rows, bytes, sha256 }
	},
)

type Cells = (string | null)[]

/**
 * Rows in PostgreSQL's own text form, the header first for csv, a batch in memory at a time. A cursor of SQL and not
 * pg-query-stream: that one waits forever when the connection breaks.
 */
async function* read(client: pg.Client, plan: ExportPlan, count: { rows: number }): AsyncGenerator<Cells> {
	const { text, values } = exportQuery(plan)
	await client.query(`declare export no scroll cursor for ${text}`, values)
	const types = { getTypeParser: () => (cell: string) => cell }
	for (let headed = plan.format === 'jsonl'; ; headed = true) {
		const { rows, fields } = await client.query<Cells>({ text: `fetch ${ROWS_AT_ONCE} from export`, rowMode: 'array', types })
		if (!headed) yield fields.map(({ name }) => name)
		yield* rows
		count.rows += rows.length
		if (rows.length < ROWS_AT_ONCE) return
	}
}

async function* jsonLines(rows: AsyncIterable<Cells>): AsyncGenerator<string> {
	for await (const [line] of rows) yield `${line}\n`
}
