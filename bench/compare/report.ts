/** Tables of what was found, for the terminal and for the document. */
import type { Entry, RowResult } from './results.ts'
import type { Column, Row } from './row.ts'
import { ratios, type Spread, spread } from './statistics.ts'
import { systemOf } from './systems.ts'

export interface Table {
	head: string[]
	/** Cells that hold figures are set to the right. */
	isFigure: boolean[]
	lines: string[][]
	notes: string[]
}

const MISSING = '–'

const figure = (value: number, digits: number): string =>
	value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })

/** `1,234 (1,200–1,300)`; a single round has no spread. */
export function withSpread({ median, min, max }: Spread, digits: number, rounds: number): string {
	const middle = figure(median, digits)
	return rounds < 2 ? middle : `${middle} (${figure(min, digits)}–${figure(max, digits)})`
}

export const valuesOf = (entry: Entry, key: string): number[] => entry.samples.flatMap((sample) => sample[key] ?? [])

/** What the entry is compared with, if that was measured. */
export function referenceOf(row: Row, entry: Entry, entries: Entry[]): Entry | undefined {
	const { case: name, system } = row.reference?.(entry) ?? { case: entry.case, system: 'taskq' }
	return entries.find((other) => other.case === name && other.system === system)
}

/** Its ratio to the reference, round by round. */
export function ratioOf(row: Row, entry: Entry, entries: Entry[], key: string): Spread | undefined {
	const reference = referenceOf(row, entry, entries)
	const [own, other] = [valuesOf(entry, key), reference ? valuesOf(reference, key) : []]
	return own.length > 0 && other.length > 0 ? spread(ratios(own, other)) : undefined
}

function cells(row: Row, column: Column, entry: Entry, entries: Entry[]): string[] {
	const values = valuesOf(entry, column.key)
	const rounds = values.length
	const own = rounds === 0 ? MISSING : withSpread(spread(values), column.digits, column.ratio ? rounds : 1)
	if (!column.ratio) return [own]
	const isReference = referenceOf(row, entry, entries) === entry
	const ratio = isReference ? undefined : ratioOf(row, entry, entries, column.key)
	return [own, isReference ? '1' : ratio ? withSpread(ratio, 2, rounds) : MISSING]
}

export function tableOf(row: Row, { entries }: RowResult): Table {
	const hasSystems = new Set(entries.map(({ system }) => system)).size > 1
	const columns = row.columns.filter(({ key }) => entries.some((entry) => valuesOf(entry, key).length > 0))
	const figures = columns.flatMap(({ title, ratio }) => (ratio ? [title, `to ${row.referenceTitle ?? 'taskq'}`] : [title]))
	const head = ['case', ...(hasSystems ? ['system'] : []), ...figures]
	const lines = entries.map((entry) => [
		entry.case,
		...(hasSystems ? [systemOf(entry.system).title] : []),
		...columns.flatMap((column) => cells(row, column, entry, entries)),
	])
	const notes = entries.flatMap(({ case: name, system, note }) => (note ? `${name}, ${systemOf(system).title}: ${note}.` : []))
	return { head, isFigure: head.map((_, n) => n > (hasSystems ? 1 : 0)), lines, notes }
}

export function asText({ head, isFigure, lines }: Table): string {
	const widths = head.map((title, n) => Math.max(title.length, ...lines.map((line) => line[n]!.length)))
	const pad = (cell: string, n: number) => (isFigure[n] ? cell.padStart(widths[n]!) : cell.padEnd(widths[n]!))
	return [head, ...lines].map((line) => line.map(pad).join('  ').trimEnd()).join('\n')
}

export function asMarkdown({ head, isFigure, lines, notes }: Table): string {
	const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
	const table = [line(head), line(isFigure.map((is) => (is ? '---:' : '---'))), ...lines.map(line)].join('\n')
	return notes.length > 0 ? `${table}\n\n${notes.map((note) => `- ${note}`).join('\n')}` : table
}
