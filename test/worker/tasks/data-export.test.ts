import { createHash, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import test from 'ava'
import { parse } from 'csv-parse/sync'
import { dataExport } from '../../../worker/tasks/data-export.ts'
import { createDatabase, makeJob, refusedFields, run, useFolders } from './support.ts'

let database: Awaited<ReturnType<typeof createDatabase>>

const addJob = (payload: object, metadata: object | null = null, type = 'echo') =>
	database.client.query(`insert into taskq.jobs values ($1, $2, 'default', 'completed', 3, $3, $4, null, '2024-01-15 10:00+02', null, 1)`, [
		randomUUID(),
		type,
		payload,
		metadata,
	])

const readCsv = async (file: string): Promise<string[][]> => parse(await readFile(file, 'utf8'))

test.before(async () => {
	await useFolders()
	database = await createDatabase()
	await addJob({ user_id: 123, text: 'a,"b"\nc' })
	await addJob({ user_id: '123' })
	await addJob({}, { user_id: 123 })
	await addJob({ user_id: 1234 }, null, '=1+1')
	await database.client.query(`insert into public.orders values (1, 'ada', -1.50, 7, 'x'), (2, 'bob', 2, 8, null), (3, null, 3, 7, '@cmd')`)
	await database.client.query(`insert into taskq.secrets values ('s')`)
})

test.after.always(() => database.drop())

test.beforeEach(() => {
	process.env.DATABASE_URL = database.url
	process.env.DATA_SOURCES = JSON.stringify({ shop: database.url })
	delete process.env.TASKQ_EXPORT_URL
})

test.serial('the printed payload exports the jobs of that user, by payload or metadata', async (t) => {
	const job = makeJob()

	const result = await run(dataExport, { user_id: 123, format: 'csv' }, job)

	const text = await readFile(result.file)
	const [header, ...rows] = await readCsv(result.file)
	t.is(result.file, `${process.env.TASKQ_OUTPUT_DIR}/${job.id}.csv`)
	t.deepEqual(result, {
		file: result.file,
		format: 'csv',
		rows: 3,
		bytes: text.length,
		sha256: createHash('sha256').update(text).digest('hex'),
	})
	t.deepEqual(header!.slice(0, 6), ['job_id', 'type', 'queue', 'status', 'priority', 'payload'])
	t.deepEqual(
		rows.map((row) => row[8]),
		Array(3).fill('2024-01-15 08:00:00+00'),
	)
	t.deepEqual(JSON.parse(rows[0]![5]!), { user_id: 123, text: 'a,"b"\nc' })
})

test.serial('jsonl holds an object a line, with the types of the database', async (t) => {
	const result = await run(dataExport, {
		source: 'shop',
		table: 'public.orders',
		format: 'jsonl',
		columns: ['id', 'amount', 'customer'],
		filter: { customer: null },
	})

	t.is(await readFile(result.file, 'utf8'), '{"id":3,"amount":3,"customer":null}\n')
	t.is(result.rows, 1)
})

test.serial('filter, columns, limit and user_id choose what is exported', async (t) => {
	const export_ = async (payload: object) => readCsv((await run(dataExport, { source: 'shop', table: 'orders', ...payload })).file)

	const filtered = await export_({ filter: { customer: 'ada', id: 1 }, columns: ['id'] })
	const ofUser = await export_({ user_id: 7, columns: ['id'] })
	const limited = await export_({ limit: 2, columns: ['id', 'customer'] })

	t.deepEqual([filtered, ofUser, limited.length], [[['id'], ['1']], [['id'], ['1'], ['3']], 3])
})

test.serial('an export of no rows still has its header', async (t) => {
	const result = await run(dataExport, { source: 'shop', table: 'orders', filter: { id: 0 } })

	t.deepEqual([result.rows, await readCsv(result.file)], [0, [['id', 'customer', 'amount', 'user_id', 'odd "name']]])
})

test.serial('a query is exported in place of a table, with its comments and its semicolon', async (t) => {
	const query = 'select id, amount * 2 as double from orders order by id -- all of them;'

	const result = await run(dataExport, { source: 'shop', query, filter: { id: 1 } })

	t.deepEqual(await readCsv(result.file), [
		['id', 'double'],
		['1', '-3.00'],
	])
})

test.serial('text that a spreadsheet would run is disarmed unless told otherwise, and numbers stay numbers', async (t) => {
	const payload = { source: 'shop', table: 'orders', columns: ['amount', 'odd "name'], filter: { user_id: 7 } }

	const safe = await run(dataExport, payload)
	const raw = await run(dataExport, { ...payload, escape_formulas: false })

	t.deepEqual((await readCsv(safe.file)).slice(1), [
		['-1.50', 'x'],
		['3', "'@cmd"],
	])
	t.deepEqual((await readCsv(raw.file)).slice(1), [
		['-1.50', 'x'],
		['3', '@cmd'],
	])
})

// What this thread itself keeps: the process's size has the other tests in it.
const heapBytes = () => {
	const { heapUsed, external } = process.memoryUsage()
	return heapUsed + external
}

test.serial('memory stays flat over a large export', async (t) => {
	const query = `select repeat('x', 10000) as text from generate_series(1, 30000)`
	let peak = 0
	const watch = setInterval(() => (peak = Math.max(peak, heapBytes())), 20)
	const before = heapBytes()

	const result = await run(dataExport, { source: 'shop', query })

	clearInterval(watch)
	t.true(result.bytes > 300_000_000)
	t.true(peak - before < 200 * 1024 * 1024, `${Math.round((peak - before) / 1024 / 1024)} MiB more`)
})

test('a payload names a table or a query where it must, and never both', (t) => {
	const refused = [{ table: 'a', query: 'select 1' }, { source: 'shop' }, { format: 'xml' }, { limit: 0 }].map((payload) =>
		refusedFields(dataExport, payload),
	)

	t.deepEqual(refused, [['query'], ['table'], ['format'], ['limit']])
})
