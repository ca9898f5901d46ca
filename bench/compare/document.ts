/** docs/performance.md and docs/scaling.md: what stands between `<!-- bench:begin NAME -->` and `<!-- bench:end NAME -->` is made from the figures. */
import fs from 'node:fs'
import path from 'node:path'
import { findingsTable } from './aims.ts'
import { chartFile, draw } from './charts.ts'
import { asMarkdown, tableOf } from './report.ts'
import type { Results, RowResult } from './results.ts'
import type { Row } from './row.ts'
import { rows } from './rows.ts'
import { projectionText } from './scaling.ts'
import { systems } from './systems.ts'

const docs = path.resolve(import.meta.dirname, '../../docs')
export const FIGURES = path.join(docs, 'performance.json')
const DOCUMENT = path.join(docs, 'performance.md')
const SCALING = path.join(docs, 'scaling.md')

const machineText = ({ machine }: Results): string =>
	[
		`- ${machine.cpu}, ${machine.cores} cores, ${machine.memory_gb} GB; ${machine.system}; Node.js ${machine.node}`,
		`- PostgreSQL ${machine.postgres} of its own, on disk: ${Object.entries(machine.settings)
			.map(([name, value]) => `${name} ${value}`)
			.join(', ')}; the rest is PostgreSQL's own`,
		`- ${Object.entries(machine.versions)
			.map(([name, version]) => `${name} ${version}`)
			.join(', ')}`,
	].join('\n')

const systemsText = (): string =>
	systems
		.map(
			({ title, settings, source, keeps, guarantees }) =>
				`**${title}**\n\n- Settings: ${settings} (${source})\n- Keeps: ${keeps}\n- Guarantees: ${guarantees}`,
		)
		.join('\n\n')

function rowText(row: Row, result: RowResult | undefined): string {
	if (!result) return `${row.about}\n\nNot measured yet.`
	const charts = row.charts.map((chart) => `![${row.title}](charts/${chartFile(row, chart)})`)
	const said = `${result.date}, ${result.rounds} ${result.rounds === 1 ? 'round' : 'rounds'}: \`${result.command}\``
	return [row.about, asMarkdown(tableOf(row, result)), ...charts, said].join('\n\n')
}

/** Replaces the block of that name; a document without it is one that was edited wrongly. */
export function replaceBlock(text: string, name: string, content: string): string {
	const [begin, end] = [`<!-- bench:begin ${name} -->`, `<!-- bench:end ${name} -->`]
	const [from, to] = [text.indexOf(begin), text.indexOf(end)]
	if (from < 0 || to < from) throw new Error(`the document has no block ${begin} … ${end}`)
	return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`
}

export function fillDocument(text: string, results: Results): string {
	const blocks: [string, string][] = [
		['machine', machineText(results)],
		['aims', findingsTable(results)],
		['systems', systemsText()],
		...rows.map((row): [string, string] => [row.name, rowText(row, results.rows[row.name])]),
	]
	return blocks.reduce((filled, [name, content]) => replaceBlock(filled, name, content), text)
}

/** Writes the documents and all charts anew. */
export async function writeDocument(results: Results): Promise<void> {
	fs.writeFileSync(DOCUMENT, fillDocument(fs.readFileSync(DOCUMENT, 'utf8'), results))
	fs.writeFileSync(SCALING, replaceBlock(fs.readFileSync(SCALING, 'utf8'), 'projection', projectionText(results)))
	fs.mkdirSync(path.join(docs, 'charts'), { recursive: true })
	for (const row of rows) {
		const result = results.rows[row.name]
		if (!result) continue
		for (const chart of row.charts) fs.writeFileSync(path.join(docs, 'charts', chartFile(row, chart)), await draw(row, result, chart))
	}
}
