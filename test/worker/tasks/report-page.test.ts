import { readFile } from 'node:fs/promises'
import test from 'ava'
import { FatalError } from '../../../worker/task.ts'
import { ticksFor } from '../../../worker/tasks/lib/chart.ts'
import { reportGeneration } from '../../../worker/tasks/report-generation.ts'
import { makeJob, makeParent, refusedFields, run, useFolders } from './support.ts'

const page = async ({ file }: { file: string }) => readFile(file, 'utf8')

test.before(async () => {
	await useFolders()
})

test('label and value choose the bars, which add up', async (t) => {
	const csv = 'city,day,amount\nRome,1,2\nOslo,1,10\nRome,2,5\n'

	const result = await run(reportGeneration, { report_type: 'sales', source: { csv }, label: 'city', value: 'amount' })

	const html = await page(result)
	t.regex(html, /aria-label="amount by city: Oslo 10, Rome 7"/)
	t.is(result.rows, 3)
	await t.throwsAsync(run(reportGeneration, { source: { csv }, label: 'town' }), { instanceOf: FatalError, message: /no column "town"/ })
})

test('nothing in the data becomes markup', async (t) => {
	const evil = `</title></text><script>alert(1)</script><img src=x onerror="alert(1)">' onload='x`
	const csv = `"${evil.replaceAll('"', '""')}",n\n"${evil.replaceAll('"', '""')}",5\n`
	const parents = [makeParent({ rows: [{ [evil]: evil, n: 1 }], more: evil }, { name: evil, type: evil, status: evil })]

	const pages = await Promise.all([
		run(reportGeneration, { title: evil, source: { csv } }).then(page),
		run(reportGeneration, { title: evil }, makeJob({ parents })).then(page),
	])

	const plain = await page(await run(reportGeneration, { title: 'x', source: { csv: 'a,n\nb,5\n' } }))
	const tags = (html: string) => new Set([...html.matchAll(/<([a-z!][a-z0-9]*)/gi)].map(([, tag]) => tag))
	for (const html of pages) {
		t.deepEqual(
			[...tags(html)].filter((tag) => !tags(plain).has(tag)),
			[],
		)
		t.notRegex(html, /<[^>]*\s(onerror|onload)\s*=\s*["']/)
	}
})

test('the page runs no script and asks for nothing outside', async (t) => {
	const html = await page(await run(reportGeneration, { source: { csv: 'a,n\nb,5\n' } }))

	t.regex(html, /content="default-src 'none'; style-src 'unsafe-inline'"/)
	t.notRegex(html, /<script|<link|<iframe|<img|https?:|url\(|@import|\son\w+=/i)
	t.regex(html, /prefers-color-scheme: dark/)
})

test('of a long table the first rows are shown, and all are counted', async (t) => {
	const csv = `kind,n\n${Array.from({ length: 5000 }, (_, at) => `k${at % 30},${at}`).join('\n')}\n`

	const result = await run(reportGeneration, { source: { csv }, label: 'kind' })

	const html = await page(result)
	t.is(result.rows, 5000)
	t.regex(html, /The first 200 of 5,000 rows\./)
	t.is([...html.matchAll(/<tr>/g)].length, 201)
	t.regex(html, /10 others/)
})

test('the axis has round ticks that enclose all values and zero', (t) => {
	const ticks = [ticksFor(0, 0), ticksFor(0, 7), ticksFor(-4, 9), ticksFor(0, 0.3), ticksFor(0, 123_456), ticksFor(0, 2, true)]

	t.deepEqual(ticks, [
		[0, 0.2, 0.4, 0.6, 0.8, 1],
		[0, 2, 4, 6, 8],
		[-5, 0, 5, 10],
		[0, 0.1, 0.2, 0.3],
		[0, 50_000, 100_000, 150_000],
		[0, 1, 2],
	])
})

test('a report that could be made from nothing, or of no real day, is refused', async (t) => {
	const refused = [{ date: '2023-02-29' }, { date: '15.1.2024' }, { value: 'n' }, { source: {} }, { report_type: '<b>' }].map((payload) =>
		refusedFields(reportGeneration, payload),
	)

	t.deepEqual(refused, [['date'], ['date'], ['label'], ['source'], ['report_type']])
	await t.throwsAsync(run(reportGeneration, { report_type: 'sales' }), { instanceOf: FatalError, message: /needs a source or parents/ })
})
