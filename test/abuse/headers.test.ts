import { spawn } from 'node:child_process'
import http from 'node:http'
import { createInterface } from 'node:readline'
import test from 'ava'
import { settingNames } from '../../db/settings.ts'
import { clientOf, isProblem, registerBuiltInTypes } from '../server/support.ts'
import { useDb } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { lines } from './corpus.ts'

const db = useDb(test)

/** The real program: what it writes is what an operator reads. */
async function startServer(): Promise<{ url: string; output: string[]; stop: () => void }> {
	const settings = Object.fromEntries(settingNames.map((name) => [name, undefined]))
	const env = { ...process.env, ...settings, API_PORT: '0', DATABASE_URL: db.url, LOG_LEVEL: 'debug' }
	const child = spawn(process.execPath, ['server/main.ts'], { stdio: 'pipe', env })
	const output: string[] = []
	for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', (line) => void output.push(line))
	const url = await until(() => output.map((line) => /"url":"(http:[^"]+)"/.exec(line)?.[1]).find(Boolean))
	return { url, output, stop: () => child.kill() }
}

/** Sends a header as it stands; node refuses what would break a line before it is sent, so it goes as the bytes of its UTF-8. */
function statusWith(url: string, headers: http.OutgoingHttpHeaders): Promise<number> {
	return new Promise((resolve, reject) => {
		const request = http.get(url, { headers }, (answer) => {
			answer.resume()
			resolve(answer.statusCode!)
		})
		request.on('error', reject)
	})
}

test('no text that comes in becomes a header of an answer, nor a second line of the log', async (t) => {
	await registerBuiltInTypes(db)
	const server = await startServer()
	t.teardown(server.stop)
	const api = clientOf(server.url)
	const evil: string[] = []

	for (const text of lines) {
		const coded = encodeURIComponent(text)
		const stored = text.includes('\0') ? 'x' : text
		const answers = await Promise.all([
			api.get(`/jobs?queue=${coded}`),
			api.get(`/jobs?${coded}=1`),
			api.get(`/jobs/${coded}`),
			api.get(`/${coded}`),
			api.send('PUT', `/queues/${coded}/pause`),
			api.send('PUT', `/concurrency-keys/${encodeURIComponent(stored)}`, { max_running: 1 }),
			api.get(`/concurrency-keys?limit=1&after=${coded}`),
			api.post('/jobs', { type: 'echo', name: stored, payload: { [stored]: stored }, concurrency_key: stored, trace_context: stored }),
			api.post('/jobs', { type: text, [text]: text }),
			api.post('/jobs/batch', { workflow: { name: stored }, jobs: [{ type: 'echo', name: stored }] }),
		])
		for (const { status, headers, body } of answers) {
			if (headers.has('x-evil') || status >= 500) evil.push(`${JSON.stringify(text)}: ${status} ${JSON.stringify(body)}`)
			t.regex(headers.get('location') ?? '/', /^\/(jobs|workflows)?[\w/-]*$/)
			t.regex(headers.get('link') ?? '<>', /^<[^<>\r\n]*>/)
		}
	}

	t.deepEqual(evil, [])
	const written = server.output.filter((line) => !isJson(line))
	t.deepEqual(written, [], 'each line of the log is one JSON value')
	await until(async () => server.output.filter((line) => /"msg":"request"/.test(line)).length >= lines.length * 10)
	t.deepEqual(
		server.output.filter((line) => (JSON.parse(line) as { level: number }).level >= 50),
		[],
		'and none is an error',
	)
})

function isJson(line: string): boolean {
	try {
		JSON.parse(line)
		return true
	} catch {
		return false
	}
}

test('headers that say odd things are refused or taken as they stand', async (t) => {
	await registerBuiltInTypes(db)
	const server = await startServer()
	t.teardown(server.stop)
	const odd = ['\u00ff', 'a'.repeat(10_000), '"', '\\', '%0d%0aX-Evil: 1', 'a\tb', "' or 1=1 --", '__proto__']

	for (const value of odd) {
		// after ten of them it is 429
		for (const Authorization of [value, `Bearer ${value}`])
			t.true([401, 429].includes((await statusWith(`${server.url}/jobs`, { Authorization }))!), value)
		t.is(await statusWith(`${server.url}/jobs`, { Origin: value }), 403, value)
		t.is(await statusWith(`${server.url}/jobs`, { Host: value }), 403, value)
		for (const name of [
			'Accept',
			'If-None-Match',
			'X-Forwarded-For',
			'X-Forwarded-Host',
			'X-HTTP-Method-Override',
			'Cookie',
			'Range',
			'Expect-CT',
		])
			t.is(await statusWith(`${server.url}/jobs`, { [name]: value }), 200, `${name}: ${value}`)
	}
	isProblem(
		t,
		await clientOf(server.url).post('/jobs', '{}', { 'Content-Type': 'application/json;charset="a\\"b"' }),
		415,
		'unsupported_media_type',
	)
	isProblem(t, await clientOf(server.url).post('/jobs', '{}', { 'Content-Encoding': '__proto__' }), 415, 'unsupported_media_type')
})
