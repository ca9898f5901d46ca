import { gzipSync } from 'node:zlib'
import test from 'ava'
import { isProblem, useServer } from '../server/support.ts'

const { db, api } = useServer(test)

const nested = (levels: number, open = '[', close = ']') => open.repeat(levels) + close.repeat(levels)
const MiB = 2 ** 20
const keys = (count: number, name = (n: number) => `k${n}`) => `{${Array.from({ length: count }, (_, n) => `"${name(n)}":1`).join()}}`
const digits = '9'.repeat(500_000)

/** What is sent as a payload of POST /jobs, and what it is answered. */
const bombs: Record<string, [payload: string, status: number, code?: string]> = {
	'a million levels of lists': [nested(1_000_000), 413, 'payload_too_large'],
	'two hundred thousand levels of objects': [nested(200_000, '{"a":', '}').replace('}', '1}'), 413, 'payload_too_large'],
	'a hundred thousand levels that do not end': ['['.repeat(100_000), 400, 'malformed_json'],
	'a hundred and fifty thousand names': [keys(150_000), 413, 'payload_too_large'],
	'a name of half a million characters': [`{"${'a'.repeat(500_000)}":1}`, 201],
	'the same name a hundred thousand times': [keys(100_000, () => 'a'), 201],
	'a number of half a million digits': [`{"n":${digits}}`, 422, 'invalid_request'],
	'a fraction of half a million digits': [`{"n":0.${digits}}`, 201],
	'an exponent beyond everything': ['{"n":1e200000}', 422, 'invalid_request'],
	'an exponent that is nothing': ['{"n":1e-200000}', 201],
	'a text of ten million characters': [`"${'x'.repeat(10_000_000)}"`, 413, 'payload_too_large'],
	'a text of two million escapes': [`"${'\\u0041'.repeat(300_000)}"`, 422, 'invalid_payload'],
	'a JSON text in a JSON text, a million levels deep': [JSON.stringify(nested(1_000_000)), 413, 'payload_too_large'],
	'a hundred thousand lists side by side': [`{"a":[${Array(100_000).fill('[]').join()}]}`, 201],
}

for (const [what, [payload, status, code]] of Object.entries(bombs))
	test.serial(`a payload with ${what} is taken or refused, soon`, async (t) => {
		const heap = process.memoryUsage().rss
		const started = process.cpuUsage()

		const answer = await api.post('/jobs', `{"type":"echo","payload":${payload}}`)

		const { user, system } = process.cpuUsage(started)
		if (code) isProblem(t, answer, status, code)
		else t.is(answer.status, status, JSON.stringify(answer.body).slice(0, 300))
		t.true((user + system) / 1e6 < 5, `${(user + system) / 1e6} s of cpu`)
		t.true(process.memoryUsage().rss - heap < 400 * MiB, `${(process.memoryUsage().rss - heap) / MiB} MiB more`)
		t.is((await api.get('/livez')).status, 200)
	})

test.serial('a million names that do not belong there are refused, and an answer does not repeat them', async (t) => {
	const body = `{"type":"echo",${keys(130_000).slice(1)}`

	const answer = await api.post('/jobs', body)

	isProblem(t, answer, 422, 'invalid_request')
	t.true(answer.body.errors.length <= 100)
	t.true(JSON.stringify(answer.body).length < 50_000)
})

test.serial('what is small only while it is packed is not unpacked beyond the limit', async (t) => {
	const packed = gzipSync(`{"type":"echo","payload":{"a":"${'x'.repeat(100 * MiB)}"}}`)
	const before = process.memoryUsage().rss

	const answer = await api.post('/jobs', new Uint8Array(packed), { 'Content-Encoding': 'gzip' })

	t.true(packed.length < 200_000)
	isProblem(t, answer, 413, 'payload_too_large')
	t.true(process.memoryUsage().rss - before < 100 * MiB)
})

test.serial('a batch of bombs is bounded as a whole', async (t) => {
	const answers = await Promise.all([
		api.post('/jobs/batch', `{"jobs":${nested(1_000_000)}}`),
		api.post('/jobs/batch', `{"jobs":[${Array(1_000_000).fill('1').join()}]}`),
		api.post('/jobs/batch', `{"workflow":{"name":"w","metadata":{"a":${nested(100_000)}}},"jobs":[{"type":"echo"}]}`),
		api.post('/jobs/batch', `{"jobs":[{"type":"echo"}],${keys(500_000).slice(1)}`),
	])

	t.deepEqual(
		answers.map(({ status }) => status),
		[413, 413, 413, 422],
		JSON.stringify(answers.map(({ body }) => body.detail.slice(0, 200))),
	)
})

test.serial('patterns that take for ever elsewhere take no time here', async (t) => {
	const hostile = [
		`${'a'.repeat(50_000)}!`,
		`${'a,'.repeat(50_000)}`,
		`${' '.repeat(50_000)}x`,
		`2030-01-01T00:00:00${' 00'.repeat(5_000)}`,
	]
	const started = performance.now()

	for (const text of hostile) {
		for (const field of ['queue', 'type', 'run_at', 'name', 'idempotency_key', 'trace_context'])
			t.is((await api.post('/jobs', { type: 'echo', [field]: text })).status, 422, field)
		for (const name of ['created_from', 'cursor', 'priority', 'workflow_id', 'limit'])
			t.is((await api.get(`/jobs?${name}=${encodeURIComponent(text.slice(0, 3_000))}`)).status, 422, name)
		const tags = await api.get('/openapi.json', { 'If-None-Match': text.slice(0, 3_000) })
		t.is(tags.status, 200)
	}

	t.true(performance.now() - started < 60_000)
	t.is((await db.rows('select from taskq.jobs where queue <> $1', ['default'])).length, 0)
})
