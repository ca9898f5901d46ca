import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { findings } from '../../bench/compare/aims.ts'
import { barsOf } from '../../bench/compare/charts.ts'
import { fillDocument, replaceBlock } from '../../bench/compare/document.ts'
import { asMarkdown, asText, tableOf } from '../../bench/compare/report.ts'
import { Entries, type Machine, merge, type Results, type RowResult } from '../../bench/compare/results.ts'
import { rows } from '../../bench/compare/rows.ts'
import { systems } from '../../bench/compare/systems.ts'

const machine: Machine = {
	...{ cpu: 'a cpu', cores: 2, memory_gb: 4, system: 'Linux', node: 'v24', postgres: '18.1' },
	...{ settings: { fsync: 'on' }, versions: { taskq: '1.0.0' } },
}
const rowOf = (name: string) => rows.find((row) => row.name === name)!
const result = (entries: [name: string, system: string, key: string, values: number[]][], rounds = 3): RowResult => ({
	...{ date: '2030-01-01', command: 'npm run bench', rounds },
	entries: entries.map(([name, system, key, values]) => ({ case: name, system, samples: values.map((value) => ({ [key]: value })) })),
})
const drains = result([
	['20', 'taskq', 'jobs_per_second', [1000, 2000, 4000]],
	['20', 'minimal', 'jobs_per_second', [2000, 2000, 2000]],
	['20', 'pgboss', 'jobs_per_second', [500, 4000, 1000]],
])

test('a table has medians with their spread, and ratios made round by round', (t) => {
	const { head, lines } = tableOf(rowOf('drain'), drains)

	t.deepEqual(head, ['case', 'system', 'jobs/s', 'to taskq'])
	t.deepEqual(lines, [
		['20', 'taskq', '2,000 (1,000–4,000)', '1'],
		['20', 'minimal', '2,000 (2,000–2,000)', '1.00 (0.50–2.00)'],
		['20', 'pg-boss', '1,000 (500–4,000)', '0.50 (0.25–2.00)'],
	])
})

test('what was not measured says so, and why', (t) => {
	const entries = new Entries()
	entries.add('nothing else', 'minimal', { jobs_per_second: 10 })
	entries.add('5 finished', 'minimal', null, 'keeps none')

	const table = tableOf(rowOf('backlog'), { ...drains, entries: entries.list(['minimal']) })

	t.deepEqual(table.lines[1], ['5 finished', '–', '–'])
	t.regex(asMarkdown(table), /^- 5 finished, minimal: keeps none\.$/m)
	t.true(asText(table).includes('–'))
})

test('aims are judged by the worst case, and not at all without figures', (t) => {
	const found = findings({ machine, rows: { drain: drains } })
	const met = (part: string) => found.find(({ aim }) => aim.includes(part))?.met

	t.is(met('pg-boss'), true)
	t.is(met('minimal'), true)
	t.is(met('BullMQ'), null)
	t.is(met('snapshot'), null)
})

test('a row is of one run: a new one replaces it whole and leaves the other rows', (t) => {
	const old: Results = { machine, rows: { drain: drains, bulk: drains } }
	const again = result([['20', 'pgboss', 'jobs_per_second', [1, 2, 3]]])

	const { rows: merged } = merge(old, machine, { drain: again })

	t.deepEqual(merged, { drain: again, bulk: drains })
})

test('bars of a chart are what the table says', (t) => {
	t.deepEqual(barsOf(rowOf('drain'), drains, 'jobs_per_second')[0], { case: '20', system: 'taskq', median: 2000, min: 1000, max: 4000 })
	t.deepEqual(
		barsOf(rowOf('drain'), drains, 'ratio:jobs_per_second').map(({ median }) => median),
		[1, 0.5],
	)
})

test('only what stands between the markers is replaced', (t) => {
	const text = 'before\n<!-- bench:begin a -->\nold\n<!-- bench:end a -->\nafter'

	t.is(replaceBlock(text, 'a', 'new'), 'before\n<!-- bench:begin a -->\n\nnew\n\n<!-- bench:end a -->\nafter')
	t.throws(() => replaceBlock(text, 'b', 'new'), { message: /no block/ })
})

test('the document has a place for every row, and all its charts exist', (t) => {
	const docs = path.resolve(import.meta.dirname, '../../docs')
	const document = fs.readFileSync(path.join(docs, 'performance.md'), 'utf8')

	const filled = fillDocument(document, { machine, rows: { drain: drains } })

	for (const { title } of systems) t.true(filled.includes(`**${title}**`))
	for (const [, file] of document.matchAll(/\]\((charts\/[^)]+)\)/g)) t.true(fs.existsSync(path.join(docs, file!)), file)
})
