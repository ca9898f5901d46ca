import { readFile } from 'node:fs/promises'
import test from 'ava'
import { FatalError, RetryAfterError } from '../../../worker/task.ts'
import { dataFetch } from '../../../worker/tasks/data-fetch.ts'
import { listen, makeJob, refusedFields, run, useFolders } from './support.ts'

process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES = 'true'

const serve = (type: string, body: string) => listen((_request, response) => response.setHeader('content-type', type).end(body))

test.before(async () => {
	await useFolders()
})

test('json, csv and text are told by their content type and read', async (t) => {
	const servers = await Promise.all([
		serve('application/json', '[{"a":1},{"a":2}]'),
		serve('text/csv', 'a,__proto__\n1,"x,y"\n'),
		serve('text/html', '<p>'),
	])
	t.teardown(() => Promise.all(servers.map(({ close }) => close())))

	const results = await Promise.all(servers.map(({ url }) => run(dataFetch, { url })))

	t.deepEqual(results[0], { status: 200, format: 'json', bytes: 17, data: [{ a: 1 }, { a: 2 }], rows: 2 })
	t.deepEqual(JSON.stringify(results[1].data), '[{"a":"1","__proto__":"x,y"}]')
	t.deepEqual([results[1].format, results[1].rows], ['csv', 1])
	t.deepEqual(results[2], { status: 200, format: 'text', bytes: 3, data: '<p>' })
})

test('the payload may say the format', async (t) => {
	const server = await serve('application/octet-stream', 'a;b\n')
	t.teardown(server.close)

	const result = await run(dataFetch, { url: server.url, format: 'csv' })

	t.deepEqual([result.format, result.data], ['csv', []])
})

test('what is too large for a result is saved whole, with its bytes and rows', async (t) => {
	const body = JSON.stringify(Array.from({ length: 5000 }, (_, id) => ({ id, name: 'somebody' })))
	const server = await serve('application/json', body)
	t.teardown(server.close)
	const job = makeJob()

	const result = await run(dataFetch, { url: server.url }, job)

	t.is(result.file, `${process.env.TASKQ_OUTPUT_DIR}/${job.id}.json`)
	t.deepEqual([result.rows, result.bytes, 'data' in result], [5000, body.length, false])
	t.is(await readFile(result.file, 'utf8'), body)
})

test('save_as saves in any case, and jsonb gets nothing that it cannot store', async (t) => {
	const [small, nul] = await Promise.all([serve('text/plain', 'small'), serve('application/json', '["\\u0000"]')])
	t.teardown(() => Promise.all([small.close(), nul.close()]))

	const named = await run(dataFetch, { url: small.url, save_as: 'small.txt' })
	const unnamed = await run(dataFetch, { url: nul.url })

	t.regex(named.file, /\/small\.txt$/)
	t.deepEqual(['data' in named, 'data' in unnamed], [false, false])
})

test('a name to save as that leads elsewhere is refused', (t) => {
	const names = ['../x', '/etc/x', '.hidden', 'a/b', 'a\0b', '', '..']

	const accepted = names.filter((save_as) => refusedFields(dataFetch, { url: 'http://example.com', save_as }).length === 0)

	t.deepEqual(accepted, [])
})

test('429 and 5xx are retried when the server says, other failures are for good', async (t) => {
	const server = await listen(({ url = '' }, response) => response.writeHead(Number(url.slice(1)), { 'retry-after': '3' }).end())
	t.teardown(server.close)

	for (const status of [429, 500, 503])
		await t.throwsAsync(run(dataFetch, { url: `${server.url}/${status}` }), { instanceOf: RetryAfterError })
	for (const status of [400, 404, 304]) await t.throwsAsync(run(dataFetch, { url: `${server.url}/${status}` }), { instanceOf: FatalError })

	t.is(server.requests.length, 6)
})

test('half of the data, or data of another format, is an error', async (t) => {
	const servers = await Promise.all([
		serve('text/plain', 'x'.repeat(1024 * 1024 + 1)),
		serve('application/json', '{'),
		serve('text/csv', 'a,b\n1\n'),
	])
	t.teardown(() => Promise.all(servers.map(({ close }) => close())))

	for (const [at, message] of [/more than 1 MiB/, /not json/, /not csv/].entries())
		await t.throwsAsync(run(dataFetch, { url: servers[at]!.url }), { instanceOf: FatalError, message })

	t.is(servers[0]!.requests.length, 1)
})
