import test from 'ava'
import { FatalError } from '../../../../worker/task.ts'
import { guardedFetch, type Question } from '../../../../worker/tasks/lib/fetch.ts'
import { listen } from '../support.ts'

const ask = (url: string, given: Partial<Question> = {}) =>
	guardedFetch({ url, method: 'GET', headers: {}, timeoutSeconds: 60, signal: new AbortController().signal, ...given })

test.beforeEach(() => {
	process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES = 'true'
})

test('three redirects are followed, a fourth is not', async (t) => {
	const server = await listen(({ url = '/' }, response) => {
		const left = Number(url.slice(1))
		if (left > 0) response.writeHead(307, { location: `/${left - 1}` }).end()
		else response.end('arrived')
	})
	t.teardown(server.close)
	process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES = 'true'

	const answer = await ask(`${server.url}/3`)
	const tooFar = ask(`${server.url}/4`)

	t.deepEqual([answer.body.toString(), answer.url], ['arrived', `${server.url}/0`])
	await t.throwsAsync(tooFar, { instanceOf: FatalError, message: /more than 3 redirects/ })
})

test('credentials stay with the origin that they were meant for', async (t) => {
	const other = await listen((_request, response) => response.end())
	const server = await listen(({ url }, response) => response.writeHead(302, { location: url === '/' ? '/same' : other.url }).end())
	t.teardown(() => Promise.all([other.close(), server.close()]))
	process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES = 'true'
	const headers = { Authorization: 'Bearer x', cookie: 'a=b', 'X-Api-Key': 'k', 'x-auth-token': 't', accept: 'text/plain' }

	await ask(server.url, { headers })

	t.is(server.requests[1]!.headers.authorization, 'Bearer x')
	const { authorization, cookie, accept, 'x-api-key': key, 'x-auth-token': token } = other.requests[0]!.headers
	t.deepEqual([authorization, cookie, key, token, accept], [undefined, undefined, undefined, undefined, 'text/plain'])
})

test('a POST becomes a GET without a body at 302 and 303, and stays itself at 307', async (t) => {
	for (const [status, method, length] of [
		[302, 'GET', undefined],
		[303, 'GET', undefined],
		[307, 'POST', '2'],
	] as const) {
		const server = await listen(({ url }, response) =>
			url === '/' ? response.writeHead(status, { location: '/next' }).end() : response.end(),
		)
		t.teardown(server.close)
		process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES = 'true'

		await ask(server.url, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })

		t.deepEqual([server.requests[1]!.method, server.requests[1]!.headers['content-length']], [method, length])
	}
})

test('no answer in time may be retried, and the message holds no query, which may be secret', async (t) => {
	const server = await listen(() => {})
	t.teardown(server.close)
	process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES = 'true'

	const error = await t.throwsAsync(ask(`${server.url}/slow?key=secret`, { timeoutSeconds: 0.05 }), { message: /no answer within 0.05 s/ })

	t.false(error instanceof FatalError)
	t.false(error.message.includes('secret'))
})

test('a server that is away may be retried', async (t) => {
	const server = await listen(() => {})
	await server.close()
	process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES = 'true'

	const error = await t.throwsAsync(ask(server.url), { message: /ECONNREFUSED|ECONNRESET/ })

	t.false(error instanceof FatalError)
})
