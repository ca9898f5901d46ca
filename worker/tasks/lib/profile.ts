import { FatalError } from '../../task.ts'
import type { Chart } from './chart.ts'
import { numberOf, type TableRows } from './csv.ts'

/** What a report needs to know of a table, gathered in one reading and in bounded memory. */
export interface Profile {
	header: string[]
	/** The first rows, to show. */
	rows: string[][]
	total: number
	columns: ColumnProfile[]
	/** By the label column that was asked for: the sum of the value column, or the number of rows. */
	totals: Map<string, number> | undefined
}

export interface ColumnProfile {
	name: string
	filled: number
	numbers: number
	sum: number
	min: number
	max: number
	/** How often each value occurs, while there are few. */
	counts: Map<string, number> | undefined
}

export interface Wanted {
	label?: string | undefined
	value?: string | undefined
}

export const SHOWN_ROWS = 200
const MAX_BARS = 20
const MAX_LABELS = 10_000

/** @param optional several tables share `wanted`, and those without its columns go without */
export async function profile(table: TableRows, wanted: Wanted = {}, { optional = false } = {}): Promise<Profile> {
	let found: Profile | undefined
	let label = -1
	let value = -1
	for await (const row of table) {
		if (!found) {
			const has = Object.values(wanted).every((name) => name === undefined || row.includes(name))
			const { label: labelName, value: valueName } = has || !optional ? wanted : {}
			label = columnAt(row, labelName)
			value = columnAt(row, valueName)
			found = { header: row, rows: [], total: 0, columns: row.map(emptyColumn), totals: label < 0 ? undefined : new Map() }
			continue
		}
		found.total++
		if (found.rows.length < SHOWN_ROWS) found.rows.push(row)
		for (const [at, column] of found.columns.entries()) addCell(column, row[at] ?? '')
		if (found.totals) addTotal(found.totals, row[label] ?? '', value < 0 ? 1 : (numberOf(row[value] ?? '') ?? 0))
	}
	if (!found) throw new FatalError('the csv is empty: it has no header')
	return found
}

const emptyColumn = (name: string): ColumnProfile => ({
	name,
	filled: 0,
	numbers: 0,
	sum: 0,
	min: Number.POSITIVE_INFINITY,
	max: Number.NEGATIVE_INFINITY,
	counts: new Map(),
})

function columnAt(header: string[], name: string | undefined): number {
	if (name === undefined) return -1
	const at = header.indexOf(name)
	if (at < 0) throw new FatalError(`no column ${JSON.stringify(name)} in the csv: it has ${header.join(', ')}`)
	return at
}

function addCell(column: ColumnProfile, cell: string): void {
	if (cell === '') return
	column.filled++
	const number = numberOf(cell)
	if (number !== undefined) {
		column.numbers++
		column.sum += number
		column.min = Math.min(column.min, number)
		column.max = Math.max(column.max, number)
	}
	if (!column.counts) return
	column.counts.set(cell, (column.counts.get(cell) ?? 0) + 1)
	if (column.counts.size > MAX_BARS) column.counts = undefined
}

function addTotal(totals: Map<string, number>, label: string, value: number): void {
	if (!totals.has(label) && totals.size === MAX_LABELS) throw new FatalError(`more than ${MAX_LABELS} different labels: group them first`)
	totals.set(label, (totals.get(label) ?? 0) + value)
}

const isKey = (name: string) => /(^|_)id$/i.test(name)

/** A column all of whose cells are numbers, and that is no key of something. */
export const isFigure = ({ name, filled, numbers }: ColumnProfile) => filled > 0 && numbers === filled && !isKey(name)

/** The chart that a table asks for: what the payload names, else its numbers by its names, else how often a value occurs. */
export function chooseChart(table: Profile, { label, value }: Wanted = {}): Chart {
	if (table.totals) return plainChart(value ? `${value} by ${label}` : `Rows by ${label}`, value ?? 'rows', largest(table.totals))
	const [first] = table.columns
	const figure = table.columns.findIndex(isFigure)
	if (first && figure > 0 && !isKey(first.name) && first.counts?.size === table.total) {
		const name = table.header[figure] ?? ''
		const bars = table.rows.map((row): [string, number] => [row[0] ?? '', numberOf(row[figure] ?? '') ?? 0])
		return plainChart(`${name} by ${first.name}`, name, bars)
	}
	const varied = table.columns.find(({ counts }) => counts && counts.size > 1 && counts.size < table.total)
	const chosen = varied ?? table.columns.find(({ counts }) => counts && counts.size > 0)
	return plainChart(chosen ? `Rows by ${chosen.name}` : 'Rows', 'rows', chosen?.counts ? largest(chosen.counts) : [['all', table.total]])
}

const plainChart = (title: string, axis: string, bars: [string, number][]): Chart => ({
	title,
	axis,
	series: [{ name: '', tone: 'tone-1' }],
	bars: bars.map(([label, value]) => ({ label: label === '' ? '(empty)' : label, values: [value] })),
})

function largest(totals: Map<string, number>): [string, number][] {
	const sorted = [...totals].sort(([, a], [, b]) => b - a)
	const rest = sorted.slice(MAX_BARS)
	if (rest.length === 0) return sorted
	return [...sorted.slice(0, MAX_BARS), [`${rest.length} others`, rest.reduce((sum, [, value]) => sum + value, 0)]]
}
