import { buffer } from 'node:stream/consumers'
import test from 'ava'
import { FatalError } from '../../../worker/task.ts'
import { httpRequest } from '../../../worker/tasks/http-request.ts'
import { listen, makeJob, run } from './support.ts'

process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES = 'true'

test('the answer comes back with status, headers, body and duration', async (t) => {
	const server = await listen((_request, response) => response.writeHead(418, { 'x-kind': 'teapot' }).end('short and stout'))
	t.teardown(server.close)

	const result = await run(httpRequest, { url: server.url, method: 'GET' })

	t.deepEqual(Object.keys(result), ['status', 'headers', 'body', 'duration_ms'])
	t.deepEqual([result.status, result.headers['x-kind'], result.body], [418, 'teapot', 'short and stout'])
	t.true(Number.isInteger(result.duration_ms) && result.duration_ms >= 0)
})

test('JSON is sent and read as JSON, text as text', async (t) => {
	const bodies: string[] = []
	const server = await listen(async (request, response) => {
		bodies.push(`${request.method} ${request.headers['content-type']} ${await buffer(request)}`)
		response.setHeader('content-type', 'application/problem+json; charset=utf-8').end('{"ok":[1]}')
	})
	t.teardown(server.close)

	const result = await run(httpRequest, { url: server.url, method: 'POST', body: { a: 1 } })
	await run(httpRequest, { url: server.url, method: 'PUT', body: 'plain' })
	await run(httpRequest, { url: server.url, method: 'PATCH', body: '<a/>', headers: { 'Content-Type': 'text/xml' } })

	t.deepEqual(result.body, { ok: [1] })
	t.deepEqual(bodies, ['POST application/json {"a":1}', 'PUT text/plain; charset=utf-8 plain', 'PATCH text/xml <a/>'])
})

test('a body over 1 MiB is cut, between characters, and the result says so', async (t) => {
	const server = await listen((_request, response) => response.end(`${'a'.repeat(1024 * 1024 - 1)}ä and more`))
	t.teardown(server.close)

	const result = await run(httpRequest, { url: server.url })

	t.is(result.truncated, true)
	t.true(
		result.body === 'a'.repeat(1024 * 1024 - 1),
		`${result.body.length} characters, ${JSON.stringify(result.body.slice(-2))} at the end`,
	)
})

test('an endless body ends at the cap', async (t) => {
	const server = await listen((_request, response) => {
		const more = () => {
			if (response.destroyed) return
			response.write('x'.repeat(65_536))
			setImmediate(more)
		}
		more()
	})
	t.teardown(server.close)

	const result = await run(httpRequest, { url: server.url })

	t.deepEqual([result.truncated, result.body.length], [true, 1024 * 1024])
})

test('a body that jsonb could not store comes in a form that it can', async (t) => {
	const bodies: Record<string, [string, Buffer]> = {
		'/binary': ['image/png', Buffer.from([0x89, 0xff])],
		'/nul': ['text/plain', Buffer.from('a\0b')],
		'/json': ['application/json', Buffer.from('{"a":"\\u0000"}')],
		'/broken': ['application/json', Buffer.from('{')],
		'/latin': ['text/plain; charset=iso-8859-1', Buffer.from([0xe4])],
	}
	const server = await listen(({ url = '' }, response) => response.setHeader('content-type', bodies[url]![0]).end(bodies[url]![1]))
	t.teardown(server.close)

	const results = await Promise.all(Object.keys(bodies).map((path) => run(httpRequest, { url: server.url + path })))

	t.deepEqual(
		results.map(({ body, body_encoding }) => [body, body_encoding]),
		[
			['if8=', 'base64'],
			['YQBi', 'base64'],
			['{"a":"\\u0000"}', undefined],
			['{', undefined],
			['ä', undefined],
		],
	)
})

test('another status than the expected fails for good, 429 and 5xx may be retried', async (t) => {
	const server = await listen(({ url = '' }, response) => response.writeHead(Number(url.slice(1))).end())
	t.teardown(server.close)
	const fatal: Record<number, boolean> = { 404: true, 201: true, 429: false, 503: false }

	for (const [status, isFatal] of Object.entries(fatal)) {
		const error = await t.throwsAsync(run(httpRequest, { url: `${server.url}/${status}`, expect_status: [200, 202] }))

		t.is(error instanceof FatalError, isFatal, status)
	}
	t.is((await run(httpRequest, { url: `${server.url}/202`, expect_status: [200, 202] })).status, 202)
	t.is((await run(httpRequest, { url: `${server.url}/404`, expect_status: 404 })).status, 404)
})

test('an abort of the job ends the request with its reason', async (t) => {
	const controller = new AbortController()
	const server = await listen(() => controller.abort(new Error('cancelled by ada')))
	t.teardown(server.close)

	const asking = run(httpRequest, { url: server.url }, makeJob({ signal: controller.signal }))

	await t.throwsAsync(asking, { message: 'cancelled by ada' })
})
