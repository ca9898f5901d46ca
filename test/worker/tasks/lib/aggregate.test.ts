import { mkdir, writeFile } from 'node:fs/promises'
import test from 'ava'
import fc from 'fast-check'
import { dataProcessing } from '../../../../worker/tasks/data-processing.ts'
import { makeJob, run, useFolders } from '../support.ts'

const csv = 'city,kind,amount\nRome,a,1\nOslo,a,2.5\nRome,b,-4\nRome,a,\nOslo,b,n/a\n'

test.before(async () => {
	await useFolders()
	await mkdir(process.env.TASKQ_OUTPUT_DIR!, { recursive: true })
})

test('every operation is calculated for every group', async (t) => {
	const aggregates = ['count', 'sum', 'avg', 'min', 'max', 'median'].map((op) => ({ op, column: 'amount' }))

	const result = await run(dataProcessing, { input: { csv }, group_by: ['city'], aggregates: [{ op: 'count' }, ...aggregates] })

	t.deepEqual(result.rows, [
		{ city: 'Rome', count: 3, count_amount: 2, sum_amount: -3, avg_amount: -1.5, min_amount: -4, max_amount: 1, median_amount: -1.5 },
		{ city: 'Oslo', count: 2, count_amount: 2, sum_amount: 2.5, avg_amount: 2.5, min_amount: 2.5, max_amount: 2.5, median_amount: 2.5 },
	])
})

test('cells that are no numbers are counted, shown and logged, and empty ones counted apart', async (t) => {
	const job = makeJob()

	const result = await run(
		dataProcessing,
		{
			input: { csv },
			aggregates: [
				{ op: 'sum', column: 'amount' },
				{ op: 'avg', column: 'amount' },
			],
		},
		job,
	)

	t.deepEqual(result.bad_numbers, { amount: { count: 1, empty: 1, examples: [{ row: 5, value: 'n/a' }] } })
	t.deepEqual(
		job.logs.map(({ level, message }) => [level, message]),
		[['warn', '1 cells of amount are no numbers and were left out']],
	)
	t.deepEqual([result.rows_read, result.rows_matched, result.groups], [5, 5, 1])
})

test('only rows that match the filter count', async (t) => {
	const sum = async (filter: object) => (await run(dataProcessing, { input: { csv }, filter, aggregates: [{ op: 'count' }] })).rows[0].count

	const counts = [
		await sum({ city: 'Rome' }),
		await sum({ city: 'Rome', kind: 'a' }),
		await sum({ amount: 2.5 }),
		await sum({ amount: null }),
		await sum({ city: 'Bern' }),
	]

	t.deepEqual(counts, [3, 2, 1, 1, 0])
})

test('numbers sort by size, text after them, and nothing last in both directions', async (t) => {
	const sorted = async (order: string) =>
		(
			await run(dataProcessing, {
				input: { csv: 'k,x\n10,1\n9,1\nb,1\na,1\n,1\n' },
				group_by: ['k'],
				aggregates: [{ op: 'count' }],
				sort: [{ by: 'k', order }],
			})
		).rows.map(({ k }: { k: string }) => k)

	const orders = [await sorted('asc'), await sorted('desc')]

	t.deepEqual(orders, [
		['9', '10', 'a', 'b', ''],
		['b', 'a', '10', '9', ''],
	])
})

test('rows sort by several columns of the result', async (t) => {
	const payload = {
		input: { csv },
		group_by: ['kind', 'city'],
		aggregates: [{ op: 'count', as: 'n' }],
		sort: [{ by: 'n', order: 'desc' }, { by: 'city' }, { by: 'kind' }],
	}

	const result = await run(dataProcessing, payload)

	t.deepEqual(
		result.rows.map(({ city, kind, n }: Record<string, unknown>) => `${n} ${city} ${kind}`),
		['2 Rome a', '1 Oslo a', '1 Oslo b', '1 Rome b'],
	)
})

test('sums do not gather rounding errors', async (t) => {
	const cents = `x\n${'0.01\n'.repeat(1_000_000)}`.slice(0, 1_000_000)
	const rows = cents.split('\n').length - 2
	await writeFile(`${process.env.TASKQ_OUTPUT_DIR}/cents.csv`, cents.slice(0, cents.lastIndexOf('\n')))

	const result = await run(dataProcessing, { input: { file: 'cents.csv' }, aggregates: [{ op: 'sum', column: 'x' }] })

	t.is(result.rows[0].sum_x, rows / 100)
})

test('median and average agree with a plain calculation for any numbers', async (t) => {
	const numbers = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 40 })

	await fc.assert(
		fc.asyncProperty(numbers, async (values) => {
			const { rows } = await run(dataProcessing, {
				input: { csv: `x\n${values.join('\n')}\n` },
				aggregates: [
					{ op: 'median', column: 'x' },
					{ op: 'avg', column: 'x' },
				],
			})
			const sorted = values.toSorted((a, b) => a - b)
			const half = sorted.length / 2
			const median = sorted.length % 2 === 1 ? sorted[Math.floor(half)]! : (sorted[half - 1]! + sorted[half]!) / 2
			const sum = values.reduce((total, value) => total + value, 0)
			return rows[0].median_x === median && Math.abs(rows[0].avg_x - sum / values.length) < 1e-9
		}),
	)
	t.pass()
})
