import os from 'node:os'
import { rows } from './rows.ts'
import type { Result, Row } from './trial.ts'

const HEAD = [
	'fault',
	'before/s',
	'during/s',
	'after/s',
	'after ÷ before',
	'caught up in',
	'jobs',
	'calls unanswered',
	'run again',
	'lost',
	'doubled',
]

/** The cells of a result's line, the title first. */
function cellsOf({ title }: Row, result: Result): string[] {
	const { baseline, during, recovery, ratio, back, jobs, unknown, repeated, lost, doubled, breaches } = result
	const rates = [baseline, during, recovery].map((rate) => rate.toFixed(0))
	const share = `${(ratio * 100).toFixed(0)} %${breaches.length > 0 ? ' **failed**' : ''}`
	return [title, ...rates, share, `${back.toFixed(1)} s`, ...[jobs, unknown, repeated, lost, doubled].map(String)]
}

const asLine = (cells: string[]): string => `| ${cells.join(' | ')} |`

/** For a terminal: the results that there are, and under each what must not be. */
export function asText(results: Result[]): string {
	const titled = results.map((result) => ({ result, row: rows.find(({ name }) => name === result.name)! }))
	const lines = [HEAD, ...titled.map(({ row, result }) => cellsOf(row, result))]
	const widths = HEAD.map((_, n) => Math.max(...lines.map((cells) => cells[n]!.length)))
	return lines
		.flatMap((cells, n) => [
			cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  '),
			...(n > 0
				? [...results[n - 1]!.notes, ...results[n - 1]!.breaches.slice(0, 10).map((breach) => `! ${breach}`)].map((line) => `    ${line}`)
				: []),
		])
		.join('\n')
}

/** What stands between the markers of that name; a document without them is one that was edited wrongly. */
function replaceBlock(text: string, name: string, make: (old: string) => string): string {
	const [begin, end] = [`<!-- faults:begin ${name} -->`, `<!-- faults:end ${name} -->`]
	const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)]
	if (!text.includes(begin) || to < from) throw new Error(`docs/reliability.md has no block ${begin} … ${end}: put it back`)
	return `${text.slice(0, from)}\n\n${make(text.slice(from, to))}\n\n${text.slice(to)}`
}

/** The document with these results in its table; lines of rows that did not run stay as they are. */
export function fillDocument(text: string, results: Result[], about: string): string {
	const filled = replaceBlock(text, 'rows', (old) => {
		const lines = rows.map((row) => {
			const result = results.find(({ name }) => name === row.name)
			if (result) return asLine(cellsOf(row, result))
			return (
				old.split('\n').find((line) => line.startsWith(`| ${row.title} |`)) ??
				asLine([row.title, 'not run yet', ...HEAD.slice(2).map(() => '')])
			)
		})
		return [asLine(HEAD), `| --- |${' ---: |'.repeat(HEAD.length - 1)}`, ...lines].join('\n')
	})
	return replaceBlock(filled, 'about', () => about)
}

export const machine = (): string => `${os.cpus()[0]?.model.trim() ?? 'unknown cpu'}, ${os.cpus().length} cores, Node.js ${process.version}`
