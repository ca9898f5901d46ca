import net from 'node:net'
import test from 'ava'
import fc from 'fast-check'
import { isProblem, type Json, useServer } from '../server/support.ts'
import { until } from '../support/patience.ts'
import { badBytes, prototypes } from './corpus.ts'

const { db, api } = useServer(test)

const encoder = new TextEncoder()
const around = (before: string, bytes: number[], after: string) =>
	new Uint8Array([...encoder.encode(before), ...bytes, ...encoder.encode(after)])

/** Sends bytes and reads what comes until the other side is done. */
function sendBytes(bytes: string | Uint8Array): Promise<string> {
	const { port } = new URL(api.url)
	return new Promise((resolve) => {
		const chunks: Buffer[] = []
		const socket = net.connect(Number(port), '127.0.0.1', () => socket.write(bytes))
		socket.on('data', (chunk) => void chunks.push(chunk))
		socket.on('end', () => resolve(Buffer.concat(chunks).toString()))
		socket.on('error', () => resolve(Buffer.concat(chunks).toString())) // it hung up before it had read all
	})
}

for (const [what, bytes] of Object.entries(badBytes))
	test(`${what} is no JSON, wherever it stands`, async (t) => {
		const bodies = [
			around('{"type":"echo","name":"', bytes, '"}'),
			around('{"type":"echo","', bytes, '":1}'),
			around('', bytes, '{"type":"echo"}'),
			around('{"type":"echo"}', bytes, ''),
		]

		for (const body of bodies) isProblem(t, await api.post('/jobs', body), 400, 'malformed_json')
		for (const body of bodies.slice(0, 1)) isProblem(t, await api.post('/jobs/batch', body), 400, 'malformed_json')
	})

test('other codings of JSON than UTF-8 are refused, and a mark at its beginning is not', async (t) => {
	const text = '{"type":"echo"}'

	for (const coding of ['utf16le', 'latin1'] as const) {
		const bytes = new Uint8Array(Buffer.from(`\ufeff${text}`, coding))
		isProblem(t, await api.post('/jobs', bytes), 400, 'malformed_json')
	}
	t.is((await api.post('/jobs', around('', [0xef, 0xbb, 0xbf], text))).status, 201)
})

test('NUL and half characters are refused in every text that comes in, by the name of their field', async (t) => {
	const bad = ['a\0b', '\0', '\ud800', 'a\udfff', '\udc00\ud800']
	const places: ((text: string) => [string, Json])[] = [
		(text) => ['/jobs', { type: 'echo', payload: { a: [text] } }],
		(text) => ['/jobs', { type: 'echo', payload: { [text]: 1 } }],
		(text) => ['/jobs', { type: 'echo', metadata: { a: text } }],
		(text) => ['/jobs', { type: text }],
		(text) => ['/jobs', { type: 'echo', depends_on: [text] }],
		(text) => ['/jobs', { type: 'echo', depends_on: [{ job: text }] }],
		(text) => ['/jobs/batch', { workflow: { name: text }, jobs: [{ type: 'echo' }] }],
		(text) => ['/jobs/batch', { jobs: [{ type: 'echo', name: text }] }],
		(text) => ['/dead-letters/retries', { queue: text }],
	]

	for (const text of bad) {
		for (const place of places) {
			const [path, body] = place(text)
			isProblem(t, await api.post(path, body), 422, 'invalid_request')
		}
		if (!text.isWellFormed()) continue
		isProblem(t, await api.get(`/jobs?queue=${encodeURIComponent(text)}`), 422, 'invalid_request')
		isProblem(t, await api.send('PUT', `/pools/${encodeURIComponent(text)}`, { capacity: 1 }), 422, 'invalid_request')
		isProblem(t, await api.get(`/concurrency-keys/${encodeURIComponent(text)}`), 422, 'invalid_request')
	}
})

test('percent signs that mean no character are refused or taken as they stand', async (t) => {
	for (const coded of ['%ff', '%c0%af', '%ed%a0%80', '%', '%zz', '%e0%80%af']) t.is((await api.get(`/jobs/${coded}`)).status, 400, coded)
	for (const coded of ['%ff', '%c0%af', '%ed%a0%80', '%00', '%', '%zz']) {
		const { status } = await api.get(`/jobs?queue=${coded}`)
		t.true(status === 200 || status === 422, `${coded}: ${status}`)
	}
})

test('names of the prototype are names like any other, and are stored as they are', async (t) => {
	const before = Object.getOwnPropertyNames(Object.prototype).join()
	for (const name of prototypes) {
		const payload = `{"${name}":{"polluted":true},"in":{"${name}":{"polluted":true}}}`
		const stored = await api.post('/jobs', `{"type":"echo","payload":${payload},"metadata":${payload}}`)
		const unknown = await api.post('/jobs', `{"type":"echo","${name}":{"polluted":true}}`)
		const inner = await api.post('/jobs', `{"type":"echo","retry_config":{"${name}":1}}`)

		t.is(stored.status, 201, name)
		const back = (await api.get(`/jobs/${stored.body.id}`)).body
		for (const field of ['payload', 'metadata']) t.true(Object.hasOwn(back[field], name) && Object.hasOwn(back[field].in, name), name)
		isProblem(t, unknown, 422, 'invalid_request', { field: name })
		isProblem(t, inner, 422, 'invalid_request', { field: `retry_config.${name}` })
		isProblem(t, await api.get(`/jobs?${name}=1`), 422, 'invalid_request', { field: name })
		t.is((await api.get(`/jobs?metadata.${name}=x`)).status, 200)
		isProblem(t, await api.post('/simulations', `{"${name}":1}`), 422, 'invalid_request')
		const need = await api.post('/jobs', `{"type":"echo","resource_requirements":{"${name}":1}}`)
		t.is(need.status, 422, name)
	}
	t.is(Object.getOwnPropertyNames(Object.prototype).join(), before)
	t.is(({} as Json).polluted, undefined)
})

test('any text that is well formed comes back as it went in', async (t) => {
	const text = fc.string({ unit: 'binary', maxLength: 200 }).filter((value) => !value.includes('\0') && value !== '')

	await fc.assert(
		fc.asyncProperty(
			fc.dictionary(text, fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null)), {
				noNullPrototype: false,
			}),
			async (given) => {
				const payload = JSON.stringify(given)
				const { body } = await api.post('/jobs', `{"type":"echo","payload":${payload}}`)
				const back = await fetch(`${api.url}/jobs/${body.id}`).then((answer) => answer.json() as Json)
				if (!fcEqual(back.payload, JSON.parse(payload))) throw new Error(`${JSON.stringify(back.payload)} came of ${payload}`)
			},
		),
		{ numRuns: 60 },
	)
	t.pass()
})

/** Alike but for the order of names and the sign of zero, which jsonb does not keep. */
function fcEqual(a: Json, b: Json): boolean {
	const plain = (value: Json) => JSON.stringify(Object.entries(value).toSorted(([x], [y]) => (x < y ? -1 : 1)))
	return plain(a) === plain(b)
}

test('requests that break HTTP itself are refused, and the server lives on', async (t) => {
	const requests = [
		'GET /jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\0b\r\n\r\n',
		'GET /jobs HTTP/1.1\r\nHost: 127.0.0.1\r\n X-Folded: 1\r\nX\r\n\r\n',
		'POST /jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
		'POST /jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef',
		`GET /jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`,
		'GET /jobs\0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
		'GET http://[/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
		'GET //evil.example/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
		'GET /../../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
		'GET /docs/../../package.json HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
		'GET /docs/..%2f..%2fpackage.json HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
		'GET /docs/%2e%2e/%2e%2e/package.json HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
		'GET /graphiql-static/../../package.json HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
		'GET /graphiql-static/..%2f..%2f..%2fpackage.json HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
	]
	await until(async () => (await fetch(`${api.url}/graphiql`)).status !== 503) // its schema is made when the server listens already

	for (const request of requests) t.regex(await sendBytes(request), /^(HTTP\/1\.1 4\d\d |$)/, request.slice(0, 80))
	t.is((await api.get('/livez')).status, 200)
	t.is((await db.rows("select from taskq.jobs where name = 'evil'")).length, 0)
})
