import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CsvError, type Options, parse } from 'csv-parse'
import { stringify } from 'csv-stringify'
import { FatalError } from '../../task.ts'

/** A table as it is read: the header first, then the rows, every one as long as the header. */
export type TableRows = AsyncIterable<string[]>

const OPTIONS: Options = {
	bom: true,
	skip_empty_lines: true,
	// an exported payload is up to 1 MiB and quotes double; more is a quote that never ends
	max_record_size: 8 * 1024 * 1024,
}

/** Reads a csv, a row at a time. What is malformed, rows of uneven length too, is a FatalError with the line. */
export async function* csvRows(source: Readable | string): TableRows {
	const input = typeof source === 'string' ? Readable.from([source]) : source
	const parser = parse(OPTIONS)
	const feeding = pipeline(input, parser)
	// the same error reaches whoever reads the parser
	feeding.catch(() => {})
	try {
		yield* parser as AsyncIterable<string[]>
	} catch (error) {
		throw error instanceof CsvError ? new FatalError(`malformed csv: ${error.message}`, { cause: error }) : error
	}
}

/** A whole csv as objects, by header; for what is small. */
export async function parseObjects(text: string): Promise<Record<string, string>[]> {
	const objects: Record<string, string>[] = []
	let header: string[] | undefined
	for await (const row of csvRows(text)) {
		if (!header) header = row
		// fromEntries defines, so that a column named __proto__ is only a column
		else objects.push(Object.fromEntries(header.map((column, at) => [column, row[at] ?? ''])))
	}
	return objects
}

type Cells = (string | number | null)[]

/**
 * Writes rows as csv. A cell that a spreadsheet would run as a formula gets an apostrophe in front; numbers stay numbers.
 */
export async function* toCsv(rows: AsyncIterable<Cells> | Iterable<Cells>, { escapeFormulas = true } = {}): AsyncGenerator<string> {
	const writer = stringify(escapeFormulas ? { cast: { string: escapeFormula } } : {})
	writer.setEncoding('utf8')
	const feeding = pipeline(Readable.from(rows), writer)
	// the same error reaches whoever reads the writer
	feeding.catch(() => {})
	yield* writer as AsyncIterable<string>
}

const escapeFormula = (cell: string) => (/^[=+\-@\t\r]/.test(cell) && numberOf(cell) === undefined ? `'${cell}` : cell)

/** A decimal number as people and databases write it; undefined for anything else. Not `Number()`, which takes '' and 0x1F. */
export function numberOf(cell: string): number | undefined {
	const text = cell.trim()
	if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined
	const number = Number(text)
	return Number.isFinite(number) ? number : undefined
}
