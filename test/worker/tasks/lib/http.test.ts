import test from 'ava'
import { RetryAfterError } from '../../../../worker/task.ts'
import { httpRequest } from '../../../../worker/tasks/http-request.ts'
import { retryAfterSeconds } from '../../../../worker/tasks/lib/http.ts'
import { listen, refusedFields, run } from '../support.ts'

process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES = 'true'

test('the retry comes when the server says', async (t) => {
	const server = await listen((_request, response) => response.writeHead(503, { 'retry-after': '17' }).end())
	t.teardown(server.close)

	const error = await t.throwsAsync(run(httpRequest, { url: server.url, expect_status: 200 }), { instanceOf: RetryAfterError })

	t.is((error as RetryAfterError).seconds, 17)
})

test('Retry-After is read as seconds or as a date, and is at most a day', (t) => {
	const now = Date.parse('Wed, 21 Oct 2015 07:28:00 GMT')
	const headers = ['5', 'Wed, 21 Oct 2015 07:28:09 GMT', 'Wed, 21 Oct 2015 07:00:00 GMT', '9999999999', 'soon', undefined]

	const seconds = headers.map((header) => retryAfterSeconds(header, now))

	t.deepEqual(seconds, [5, 9, 0, 86_400, undefined, undefined])
})

test('headers with line breaks, malformed names or a hop of their own are refused', (t) => {
	const headers = [
		{ a: 'b\r\nc: d' },
		{ a: 'b\n' },
		{ 'a\r\nb': 'c' },
		{ 'a b': 'c' },
		{ Host: 'x' },
		{ 'transfer-encoding': 'chunked' },
		{ 'Content-Length': '1' },
	]

	const accepted = headers.filter((given) => refusedFields(httpRequest, { url: 'http://example.com/', headers: given }).length === 0)

	t.deepEqual(accepted, [])
})

test('addresses that are not http, and bodies where none belong, are refused', (t) => {
	const urls = [
		'file:///etc/passwd',
		'ftp://example.com',
		'javascript:alert(1)',
		'http://',
		'http://u:p@example.com',
		'http://[::1',
		'unix:/run/x.sock',
	]

	const accepted = urls.filter((url) => refusedFields(httpRequest, { url }).length === 0)
	const refused = refusedFields(httpRequest, { url: 'HTTP://EXAMPLE.COM', method: 'GET', body: 'x' })

	t.deepEqual([accepted, refused], [[], ['body']])
})
