import { z } from 'zod'
import { FatalError, type Job, task } from '../task.ts'
import { OPERATIONS } from './lib/accumulators.ts'
import { type Aggregated, aggregate, outputName } from './lib/aggregate.ts'
import { numberOf, type TableRows, toCsv } from './lib/csv.ts'
import { outputDir, writeWhole } from './lib/files.ts'
import { fitsResult } from './lib/result.ts'
import { csvSource, nameOf, openCsv, parentTable } from './lib/tables.ts'

const column = z.string().min(1).max(200)
// The length keeps zod from writing a list of types, which the check at submit does not read.
const scalar = z.union([z.string().max(10_000), z.number(), z.boolean(), z.null()])
const aggregateOf = z
	.strictObject({
		op: z.enum(OPERATIONS).describe('What to calculate'),
		column: column.optional().describe('From the cells of this column; only count goes without'),
		as: column.optional().describe("The result's name for it; op_column if left out"),
	})
	.refine(({ op, column }) => op === 'count' || column !== undefined, { path: ['column'], error: 'is needed for this op' })

const input = z
	.strictObject({ ...csvSource, parent: z.literal(true).optional().describe('The table in the result of the one parent that has one') })
	.refine((given) => Object.values(given).filter((value) => value !== undefined).length === 1, 'needs one of file, csv and parent')

const payload = z
	.strictObject({
		input: input.describe('Where the csv comes from: one of file, csv and parent'),
		group_by: z.array(column).max(20).default([]).describe('A row of the result for each combination of these; none for a total'),
		aggregates: z.array(aggregateOf).min(1).max(50).describe('What to calculate for each group'),
		filter: z
			.object({})
			.catchall(scalar)
			.default({})
			.describe('Only rows in which each of these columns has this value; null for an empty cell'),
		sort: z
			.array(
				z.strictObject({
					by: column.describe('A column of the result'),
					order: z.enum(['asc', 'desc']).default('asc').describe('asc: smallest first'),
				}),
			)
			.max(10)
			.default([])
			.describe('The order of the result, by its own columns'),
		format: z
			.enum(['csv', 'json'])
			.optional()
			.describe('Write the result to a file; one too large for a job is written in any case, as csv'),
	})
	.refine(({ group_by, aggregates }) => isDistinct([...group_by, ...aggregates.map(outputName)]), {
		path: ['aggregates'],
		error: 'give two columns of the result the same name',
	})
	.refine(({ sort, group_by, aggregates }) => sort.every(({ by }) => [...group_by, ...aggregates.map(outputName)].includes(by)), {
		path: ['sort'],
		error: 'names a column that the result does not have',
	})

const isDistinct = (names: string[]) => new Set(names).size === names.length

type Payload = z.output<typeof payload>

export const dataProcessing = task(
	{
		type: 'data_processing',
		description: 'Groups and aggregates a csv. Cells that should be numbers and are none are left out, counted and reported.',
		payload,
		cpuUnits: 1,
		memoryMb: 256,
		timeoutSeconds: 900,
		isolation: 'thread',
	},
	async (payload, job) => {
		const table = payload.input.parent ? await onlyParentTable(job) : openCsv(payload.input)
		const { columns, rows, ...counts } = await aggregate(table, payload)
		for (const [name, { count, empty, examples }] of Object.entries(counts.bad_numbers))
			if (count > 0) job.log.warn(`${count} cells of ${name} are no numbers and were left out`, { empty, examples })

		rows.sort(order(columns, payload.sort))
		return { ...counts, groups: rows.length, ...(await present({ columns, rows }, payload, job)) }
	},
)

async function onlyParentTable(job: Job): Promise<TableRows> {
	const parents = Object.values(await job.parents())
	const leftOut = parents.filter((parent) => parent.leftOut).map(nameOf)
	if (leftOut.length > 0) throw new FatalError(`the results of ${leftOut.join(', ')} are left out for their size, and any may have a table`)
	const found = parents.flatMap((parent) => {
		const table = parentTable(parent)
		return table ? [{ parent, table }] : []
	})
	if (found.length === 1) return found[0]!.table
	const which = (found.length === 0 ? parents : found.map(({ parent }) => parent)).map(nameOf).join(', ')
	throw new FatalError(`${found.length} of the job's parents have a table in their result, not 1: ${which || 'it has no parents'}`)
}

type Row = Aggregated['rows'][number]

function order(columns: string[], sort: Payload['sort']) {
	const keys = sort.map(({ by, order }) => ({ index: columns.indexOf(by), sign: order === 'asc' ? 1 : -1 }))
	return (a: Row, b: Row) => {
		for (const { index, sign } of keys) {
			const compared = compare(a[index] ?? null, b[index] ?? null, sign)
			if (compared !== 0) return compared
		}
		return 0
	}
}

/** Numbers by size, then text by code unit (the same on every host), and nothing last in either direction. */
function compare(a: Row[number], b: Row[number], sign: number): number {
	const ranks = rank(a) - rank(b)
	if (ranks !== 0) return rank(a) === 2 || rank(b) === 2 ? ranks : sign * ranks
	const [x, y] = rank(a) === 0 ? [Number(a), Number(b)] : [a ?? '', b ?? '']
	return x === y ? 0 : sign * (x < y ? -1 : 1)
}

const rank = (value: Row[number]) =>
	value === null || value === '' ? 2 : typeof value === 'number' || numberOf(value) !== undefined ? 0 : 1

async function present({ columns, rows }: Pick<Aggregated, 'columns' | 'rows'>, { format }: Payload, job: Job) {
	const objects = rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at] ?? null])))
	const inline = fitsResult(objects) ? { rows: objects } : {}
	if (!format && inline.rows) return inline
	const chunks = format === 'json' ? [`${JSON.stringify(objects)}\n`] : toCsv([columns, ...rows])
	return { ...inline, ...(await writeWhole(outputDir(), `${job.id}.${format ?? 'csv'}`, chunks, job.signal)) }
}
