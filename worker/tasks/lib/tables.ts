import { extname } from 'node:path'
import { z } from 'zod'
import { FatalError, type ParentResult } from '../../task.ts'
import { csvRows, type TableRows } from './csv.ts'
import { openInput } from './files.ts'

/** Where a payload's own csv may come from. */
export const csvSource = {
	file: z.string().min(1).max(1000).optional().describe('A csv file in the output folder or TASKQ_INPUT_DIR'),
	csv: z.string().max(1_000_000).optional().describe('The csv itself, with a header'),
}

export async function* openCsv({ file, csv }: { file?: string | undefined; csv?: string | undefined }): TableRows {
	if (csv !== undefined) return yield* csvRows(csv)
	if (file === undefined) throw new FatalError('neither file nor csv is given')
	const handle = await openInput(file)
	try {
		yield* csvRows(handle.createReadStream({ autoClose: false }))
	} finally {
		await handle.close()
	}
}

/** The table in a parent's result: a csv file that it wrote, or a list of objects as `rows`, `data` or `body`. */
export function parentTable({ result }: ParentResult): TableRows | undefined {
	if (!result || typeof result !== 'object') return undefined
	const { file, rows, data, body } = result as Record<string, unknown>
	const list = [rows, data, body].find(isObjects)
	if (list) return objectRows(list)
	return typeof file === 'string' && extname(file) === '.csv' ? openCsv({ file }) : undefined
}

type Objects = Record<string, unknown>[]

const isObjects = (value: unknown): value is Objects =>
	Array.isArray(value) && value.length > 0 && value.every((item) => item && typeof item === 'object' && !Array.isArray(item))

async function* objectRows(objects: Objects): TableRows {
	const header = [...new Set(objects.flatMap(Object.keys))]
	yield header
	for (const object of objects) yield header.map((column) => cell(Object.hasOwn(object, column) ? object[column] : null))
}

/** Any JSON as the text of one cell. */
export function cell(value: unknown): string {
	if (value === null || value === undefined) return ''
	return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** What a parent left behind, as the text of one cell. */
export const outcomeOf = ({ leftOut, result, error }: ParentResult) =>
	leftOut ? 'left out: the results are too large together' : cell(result ?? error?.message)

/** A parent that has been replayed has no end for now. */
export const statusOf = ({ status }: ParentResult) => status ?? 'not finished'

/** A parent as people know it. */
export const nameOf = (parent: ParentResult) => parent.name ?? `${parent.type} ${parent.id}`
