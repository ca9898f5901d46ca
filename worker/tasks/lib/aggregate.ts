import { FatalError } from '../../task.ts'
import { type Accumulator, makeAccumulator, type Operation } from './accumulators.ts'
import { numberOf, type TableRows } from './csv.ts'

export interface Aggregate {
	op: Operation
	column?: string | undefined
	as?: string | undefined
}

export type Scalar = string | number | boolean | null

export interface Plan {
	group_by: string[]
	aggregates: Aggregate[]
	filter: Record<string, Scalar>
}

/** A column's cells that were no number, and the first of them; empty cells are counted apart. Rows are counted from 1. */
export interface BadNumbers {
	count: number
	empty: number
	examples: { row: number; value: string }[]
}

export interface Aggregated {
	columns: string[]
	rows: (string | number | null)[][]
	rows_read: number
	rows_matched: number
	bad_numbers: Record<string, BadNumbers>
}

// Some 200 bytes a group and aggregate: what fits into the memory that the task asks for.
const MAX_GROUPS = 200_000
const EXAMPLES = 5

export const outputName = ({ op, column, as }: Aggregate) => as ?? (column === undefined ? op : `${op}_${column}`)

/** Reads a table once and keeps only its groups. */
export async function aggregate(table: TableRows, plan: Plan): Promise<Aggregated> {
	let grouping: Grouping | undefined
	for await (const row of table) {
		if (grouping) grouping.add(row)
		else grouping = new Grouping(row, plan)
	}
	if (!grouping) throw new FatalError('the csv is empty: it has no header')
	return grouping.finish()
}

class Grouping {
	readonly #plan: Plan
	readonly #keys: number[]
	readonly #filters: { index: number; wanted: Scalar }[]
	/** Each aggregate's operation and column, -1 for none. */
	readonly #inputs: { op: Operation; index: number }[]
	/** The columns that are read as numbers, each once however many aggregates use it. */
	readonly #numeric: { index: number; noted: BadNumbers; column: string }[]
	readonly #groups = new Map<string, { key: string[]; accumulators: Accumulator[] }>()
	#rowsRead = 0
	#rowsMatched = 0

	constructor(header: string[], plan: Plan) {
		const at = (column: string) => {
			const index = header.indexOf(column)
			if (index < 0) throw new FatalError(`no column ${JSON.stringify(column)} in the csv: it has ${header.join(', ')}`)
			return index
		}
		const numeric = new Set(plan.aggregates.flatMap(({ op, column }) => (op === 'count' || column === undefined ? [] : [column])))
		this.#plan = plan
		this.#keys = plan.group_by.map(at)
		this.#filters = Object.entries(plan.filter).map(([column, wanted]) => ({ index: at(column), wanted }))
		this.#inputs = plan.aggregates.map(({ op, column }) => ({ op, index: column === undefined ? -1 : at(column) }))
		this.#numeric = [...numeric].map((column) => ({ index: at(column), column, noted: { count: 0, empty: 0, examples: [] } }))
	}

	add(row: string[]): void {
		this.#rowsRead++
		if (!this.#filters.every(({ index, wanted }) => matches(row[index] ?? '', wanted))) return
		this.#rowsMatched++

		const numbers = new Map<number, number>()
		for (const { index, noted } of this.#numeric) {
			const number = numberOf(row[index] ?? '')
			if (number === undefined) noteBad(noted, row[index] ?? '', this.#rowsRead)
			else numbers.set(index, number)
		}
		const { accumulators } = this.#groupOf(row)
		this.#inputs.forEach(({ op, index }, position) => {
			const value = op === 'count' ? (index < 0 || row[index] !== '' ? 1 : undefined) : numbers.get(index)
			if (value !== undefined) accumulators[position]?.add(value)
		})
	}

	#groupOf(row: string[]) {
		const key = this.#keys.map((index) => row[index] ?? '')
		const text = JSON.stringify(key)
		const known = this.#groups.get(text)
		if (known) return known
		if (this.#groups.size === MAX_GROUPS)
			throw new FatalError(`group_by ${this.#plan.group_by.join(', ')} gives more than ${MAX_GROUPS} groups`)
		const group = { key, accumulators: this.#empty() }
		this.#groups.set(text, group)
		return group
	}

	readonly #empty = () => this.#plan.aggregates.map(({ op }) => makeAccumulator(op))

	finish(): Aggregated {
		const groups = [...this.#groups.values()]
		// As in SQL: a total over no rows is one row.
		if (groups.length === 0 && this.#keys.length === 0) groups.push({ key: [], accumulators: this.#empty() })
		const bad = this.#numeric.filter(({ noted }) => noted.count + noted.empty > 0)
		return {
			columns: [...this.#plan.group_by, ...this.#plan.aggregates.map(outputName)],
			rows: groups.map(({ key, accumulators }) => [...key, ...accumulators.map((one) => one.result())]),
			rows_read: this.#rowsRead,
			rows_matched: this.#rowsMatched,
			bad_numbers: Object.fromEntries(bad.map(({ column, noted }) => [column, noted])),
		}
	}
}

function matches(text: string, wanted: Scalar): boolean {
	if (wanted === null) return text === ''
	return typeof wanted === 'number' ? numberOf(text) === wanted : text === String(wanted)
}

function noteBad(noted: BadNumbers, value: string, row: number): void {
	if (value.trim() === '') {
		noted.empty++
		return
	}
	noted.count++
	// as jsonb can store it
	if (noted.examples.length < EXAMPLES) noted.examples.push({ row, value: value.slice(0, 100).replaceAll('\0', '\ufffd').toWellFormed() })
}
