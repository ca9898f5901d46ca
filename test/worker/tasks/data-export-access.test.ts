import { readdir, readFile } from 'node:fs/promises'
import test from 'ava'
import { parse } from 'csv-parse/sync'
import { FatalError } from '../../../worker/task.ts'
import { dataExport } from '../../../worker/tasks/data-export.ts'
import { createDatabase, makeJob, run, useFolders } from './support.ts'

let database: Awaited<ReturnType<typeof createDatabase>>

const readCsv = async (file: string): Promise<string[][]> => parse(await readFile(file, 'utf8'))

test.before(async () => {
	await useFolders()
	database = await createDatabase()
	await database.client.query(`insert into public.orders values (1, 'ada', -1.50, 7, 'x'), (2, 'bob', 2, 8, null), (3, null, 3, 7, '@cmd')`)
	await database.client.query(`insert into taskq.secrets values ('s')`)
})

test.after.always(() => database.drop())

test.beforeEach(() => {
	process.env.DATABASE_URL = database.url
	process.env.DATA_SOURCES = JSON.stringify({ shop: database.url })
	delete process.env.TASKQ_EXPORT_URL
})

test.serial('a table, column or value that is SQL is taken as a name or a value', async (t) => {
	const injection = `orders; drop table orders; --`

	await t.throwsAsync(run(dataExport, { source: 'shop', table: injection }), { instanceOf: FatalError, message: /does not exist/ })
	await t.throwsAsync(run(dataExport, { source: 'shop', table: 'orders', columns: ['id" from orders; --'] }), { instanceOf: FatalError })
	await t.throwsAsync(run(dataExport, { source: 'shop', table: 'orders', filter: { 'id = 1 or 1': 1 } }), { instanceOf: FatalError })
	const quoted = await run(dataExport, { source: 'shop', table: 'orders', columns: ['odd "name'], filter: { customer: `' or true --` } })

	t.is(quoted.rows, 0)
	t.is((await database.client.query('select from orders')).rowCount, 3)
})

test.serial('a query can neither write nor be two', async (t) => {
	const queries = [
		'delete from orders returning id',
		'with gone as (delete from orders returning id) select * from gone',
		'select 1; delete from orders',
		'select 1) as x; delete from orders; --',
		`select query_to_xml('delete from orders returning id', true, true, '')`,
		`select set_config('transaction_read_only', 'off', true), query_to_xml('delete from orders returning id', true, true, '')`,
		`select nextval('counter')`,
	]
	await database.client.query('create sequence counter')

	for (const query of queries) await t.throwsAsync(run(dataExport, { source: 'shop', query }), { instanceOf: FatalError }, query)

	t.is((await database.client.query('select from orders')).rowCount, 3)
})

test.serial('the queue is read as taskq_reader, which sees no more than it was granted', async (t) => {
	const forbidden = run(dataExport, { table: 'taskq.secrets' })

	await t.throwsAsync(forbidden, { instanceOf: FatalError, message: /data source taskq: permission denied for table secrets/ })
})

test.serial('the role is set also where the connection string has options of its own', async (t) => {
	process.env.TASKQ_EXPORT_URL = `${database.url}?options=-c%20work_mem%3D8MB`

	const result = await run(dataExport, { query: `select current_user as who, current_setting('work_mem') as work_mem` })

	t.deepEqual(await readCsv(result.file), [
		['who', 'work_mem'],
		['taskq_reader', '8MB'],
	])
})

test.serial('a query on the queue needs a login of its own, since it could leave a role that is only set', async (t) => {
	const query = `select set_config('role', 'none', true), query_to_xml('select * from taskq.secrets', true, true, '')`
	const before = await readdir(process.env.TASKQ_OUTPUT_DIR!)

	await t.throwsAsync(run(dataExport, { query }), { instanceOf: FatalError, message: /TASKQ_EXPORT_URL/ })

	t.deepEqual(await readdir(process.env.TASKQ_OUTPUT_DIR!), before)
})

test.serial('a source that is not there is named, and no connection string is', async (t) => {
	const error = await t.throwsAsync(run(dataExport, { source: 'constructor', table: 't' }), { instanceOf: FatalError })

	t.is(error.message, 'no data source "constructor": there are taskq, shop (setting DATA_SOURCES)')
})

test.serial('a database that is away may be retried', async (t) => {
	process.env.DATABASE_URL = 'postgres://nobody:secret@127.0.0.1:1/none'

	const error = await t.throwsAsync(run(dataExport, { user_id: 1 }), { message: /data source taskq: .*ECONNREFUSED/ })

	t.false(error instanceof FatalError)
	t.false(error.message.includes('secret'))
})

test.serial('an abort ends a query that would run on, in the database too', async (t) => {
	const controller = new AbortController()
	const running = async () => {
		const { rowCount } = await database.client.query(
			`select from pg_stat_activity where datname = current_database() and application_name = 'taskq/export' and wait_event = 'PgSleep'`,
		)
		return rowCount
	}
	const exporting = run(dataExport, { source: 'shop', query: 'select pg_sleep(1000)' }, makeJob({ signal: controller.signal }))
	exporting.catch(() => {})
	while ((await running()) === 0) await new Promise(setImmediate)

	controller.abort(new Error('cancelled by ada'))

	await t.throwsAsync(exporting, { message: 'cancelled by ada' })
	while ((await running()) !== 0) await new Promise(setImmediate)
	t.pass()
})

test.serial('a connection that breaks on the way fails the attempt, which may be retried', async (t) => {
	const kill = `pg_terminate_backend(pg_backend_pid())`
	const query = `select case when at = 5000 then ${kill} else true end from generate_series(1, 100000) as at`

	const error = await t.throwsAsync(run(dataExport, { source: 'shop', query }))

	t.false(error instanceof FatalError)
})
