import { mkdir, readFile, writeFile } from 'node:fs/promises'
import test from 'ava'
import { FatalError } from '../../../worker/task.ts'
import { dataProcessing } from '../../../worker/tasks/data-processing.ts'
import { makeJob, makeParent, refusedFields, run, useFolders } from './support.ts'

const csv = 'city,kind,amount\nRome,a,1\nOslo,a,2.5\nRome,b,-4\nRome,a,\nOslo,b,n/a\n'

test.before(async () => {
	await useFolders()
	await mkdir(process.env.TASKQ_OUTPUT_DIR!, { recursive: true })
})

test('format writes a file too, as csv or json', async (t) => {
	const payload = { input: { csv }, group_by: ['city'], aggregates: [{ op: 'count' }] }

	const asCsv = await run(dataProcessing, { ...payload, format: 'csv' })
	const asJson = await run(dataProcessing, { ...payload, format: 'json' })

	t.is(await readFile(asCsv.file, 'utf8'), 'city,count\nRome,3\nOslo,2\n')
	t.deepEqual(JSON.parse(await readFile(asJson.file, 'utf8')), asJson.rows)
})

test('a result too large for a job goes to a file alone', async (t) => {
	const rows = Array.from({ length: 5000 }, (_, at) => `somebody number ${at},1`)

	const result = await run(dataProcessing, {
		input: { csv: `who,x\n${rows.join('\n')}\n` },
		group_by: ['who'],
		aggregates: [{ op: 'sum', column: 'x' }],
	})

	t.deepEqual([result.groups, 'rows' in result], [5000, false])
	t.is((await readFile(result.file, 'utf8')).split('\n').length, 5002)
})

test('the table of a parent is taken from its file, its rows or its data', async (t) => {
	await writeFile(`${process.env.TASKQ_OUTPUT_DIR}/parent.csv`, '\ufeffx\n1\n2\n')
	const results = [{ file: 'parent.csv', rows: 2 }, { rows: [{ x: 1 }, { y: 5, x: 2 }] }, { data: [{ x: '1' }, { x: 2 }, {}] }]

	for (const result of results) {
		const job = makeJob({ parents: [makeParent({ result: 8 }), makeParent(result), makeParent(null)] })
		const { rows } = await run(dataProcessing, { input: { parent: true }, aggregates: [{ op: 'sum', column: 'x' }] }, job)

		t.deepEqual(rows, [{ sum_x: 3 }])
	}
})

test('with no table among the parents, or two, the job fails for good and names them', async (t) => {
	const payload = { input: { parent: true }, aggregates: [{ op: 'count' }] }
	const table = { rows: [{ x: 1 }] }
	const cases = [[], [makeParent(8, { name: 'sum' })], [makeParent(table, { name: 'left' }), makeParent(table, { name: 'right' })]]

	for (const [at, message] of [/no parents/, /: sum$/, /2 of .*: left, right$/].entries())
		await t.throwsAsync(run(dataProcessing, payload, makeJob({ parents: cases[at]! })), { instanceOf: FatalError, message })

	t.is(cases.length, 3)
})

test('a table is not taken from one parent while another one is left out', async (t) => {
	const job = makeJob({ parents: [makeParent({ rows: [{ x: 1 }] }), makeParent(null, { name: 'huge', leftOut: true })] })

	const running = run(dataProcessing, { input: { parent: true }, aggregates: [{ op: 'count' }] }, job)

	await t.throwsAsync(running, { instanceOf: FatalError, message: /huge are left out/ })
})

test('a column that is not there, uneven rows and an empty csv fail for good or name the line', async (t) => {
	const process_ = (csv: string, column: string) => run(dataProcessing, { input: { csv }, aggregates: [{ op: 'sum', column }] })

	await t.throwsAsync(process_('a,b\n1,2\n', 'c'), { instanceOf: FatalError, message: 'no column "c" in the csv: it has a, b' })
	await t.throwsAsync(process_('', 'c'), { instanceOf: FatalError, message: /empty/ })
	await t.throwsAsync(process_('a,b\n1,2\n3\n', 'a'), { instanceOf: FatalError, message: /line 3/ })
})

test('a payload that contradicts itself is refused, and the field named', (t) => {
	const count = [{ op: 'count' }]
	const payloads = [
		{ input: {}, aggregates: count },
		{ input: { csv, parent: true }, aggregates: count },
		{ input: { csv }, aggregates: [{ op: 'sum' }] },
		{ input: { csv }, aggregates: [{ op: 'count' }, { op: 'sum', column: 'x', as: 'count' }] },
		{ input: { csv }, aggregates: count, sort: [{ by: 'x' }] },
	]

	const refused = payloads.map((payload) => refusedFields(dataProcessing, payload).join())

	t.deepEqual(refused, ['input', 'input', 'aggregates.0.column', 'aggregates', 'sort'])
})
