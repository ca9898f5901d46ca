import { randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import test from 'ava'
import { FatalError } from '../../../worker/task.ts'
import { reportGeneration } from '../../../worker/tasks/report-generation.ts'
import { createDatabase, makeJob, makeParent, run, useFolders } from './support.ts'

let database: Awaited<ReturnType<typeof createDatabase>>

const printed = { report_type: 'daily_summary', date: '2024-01-15' }

const addJobs = (count: number, type: string, status: string, at: string) =>
	database.client.query(
		`insert into taskq.jobs (job_id, type, status, created_at) select gen_random_uuid(), $2, $3, $4 from generate_series(1, $1)`,
		[count, type, status, at],
	)

const page = async ({ file }: { file: string }) => readFile(file, 'utf8')

const cells = (html: string) => [...html.matchAll(/<t[dh](?: [^>]*)?>([^<]*)</g)].map(([, text]) => text)

test.before(async () => {
	await useFolders()
	await mkdir(process.env.TASKQ_OUTPUT_DIR!, { recursive: true })
	database = await createDatabase()
	await addJobs(3, 'echo', 'completed', '2024-01-15 00:00+00')
	await addJobs(1, 'echo', 'failed', '2024-01-15 23:59:59.9+00')
	await addJobs(2, '<math>', 'ready', '2024-01-15 12:00+00')
	await addJobs(5, 'sleep', 'completed', '2024-01-14 23:59:59.9+00')
	await addJobs(5, 'sleep', 'completed', '2024-01-16 00:00+00')
	await database.client.query(`alter database ${new URL(database.url).pathname.slice(1)} set timezone = 'Pacific/Auckland'`)
})

test.after.always(() => database.drop())

test.beforeEach(() => {
	process.env.DATABASE_URL = database.url
})

test.serial('the printed payload without parents counts the jobs of that day of UTC by type and status', async (t) => {
	const job = makeJob()

	const result = await run(reportGeneration, printed, job)

	const html = await page(result)
	t.deepEqual(result, {
		file: `${process.env.TASKQ_OUTPUT_DIR}/${job.id}.html`,
		bytes: Buffer.byteLength(html),
		title: 'Daily summary 2024-01-15',
		rows: 6,
	})
	t.deepEqual(cells(html), [
		'type',
		'completed',
		'failed',
		'ready',
		'total',
		'echo',
		'3',
		'1',
		'0',
		'4',
		'&lt;math&gt;',
		'0',
		'0',
		'2',
		'2',
	])
	t.regex(html, /<b>6<\/b><span>jobs/)
	t.regex(html, /<b>75 %<\/b>/)
	t.regex(html, /Monday,? 15 January 2024/)
	t.regex(html, /echo, failed: 1</)
})

test.serial('a day without jobs is a report that says so', async (t) => {
	const result = await run(reportGeneration, { ...printed, date: '1999-12-31' })

	t.is(result.rows, 0)
	t.regex(await page(result), /No job was submitted on this day/)
})

test.serial('without the database there is no report, and the job may be retried', async (t) => {
	for (const url of ['postgres://nobody@127.0.0.1:1/none', undefined]) {
		delete process.env.DATABASE_URL
		if (url) process.env.DATABASE_URL = url

		const error = await t.throwsAsync(run(reportGeneration, printed), { message: /data source taskq/ })

		t.false(error instanceof FatalError)
	}
})

test.serial('the printed payload with parents reports on their results', async (t) => {
	const parents = [
		makeParent({ result: 8 }, { name: 'sum', type: 'math' }),
		makeParent({ result: 2.5, note: 'x' }, { name: 'half', type: 'math', status: 'failed' }),
	]

	const result = await run(reportGeneration, printed, makeJob({ parents }))

	const html = await page(result)
	t.is(result.rows, 2)
	t.deepEqual(cells(html).slice(4), [
		'sum',
		'math',
		'completed',
		'{&quot;result&quot;:8}',
		'half',
		'math',
		'failed',
		'{&quot;result&quot;:2.5,&quot;note&quot;:&quot;x&quot;}',
	])
	t.regex(html, /<figcaption>result by job</)
})

test.serial('of parents without a result the report says what became of them', async (t) => {
	const parents = [
		makeParent(null, { name: 'broken', status: 'failed', error: { message: 'no route' } }),
		makeParent(null, { name: 'huge', leftOut: true }),
		makeParent(null, { name: 'replayed', status: null }),
	]
	const job = makeJob({ parents })

	const html = await page(await run(reportGeneration, printed, job))

	t.deepEqual(
		cells(html).filter((_, at) => at > 3 && at % 4 >= 2),
		['failed', 'no route', 'completed', 'left out: the results are too large together', 'not finished', ''],
	)
	t.regex(job.logs[0]!.message, /left out.* 1 of 3 parents/)
})

test.serial('tables that parents exported or calculated get a section and a chart each', async (t) => {
	await writeFile(`${process.env.TASKQ_OUTPUT_DIR}/export.csv`, 'job_id,status\n1,done\n2,done\n3,open\n')
	const parents = [
		makeParent({ file: 'export.csv', rows: 3 }, { name: 'export' }),
		makeParent({ rows: [{ city: 'Rome', total: 5 }] }, { name: 'totals' }),
	]

	const result = await run(reportGeneration, printed, makeJob({ parents }))

	const html = await page(result)
	t.deepEqual(
		[...html.matchAll(/<h2>([^<]*)/g)].map(([, title]) => title),
		['export', 'totals', 'Results'],
	)
	t.deepEqual(
		[...html.matchAll(/<figcaption>([^<]*)/g)].map(([, title]) => title),
		['Rows by status', 'total by city'],
	)
	t.is(result.rows, 4)
})

test.serial("a parent's file that is not there yet may be retried", async (t) => {
	const job = makeJob({ parents: [makeParent({ file: `${randomUUID()}.csv` })] })

	const error = await t.throwsAsync(run(reportGeneration, printed, job), { message: /no file/ })

	t.false(error instanceof FatalError)
})
