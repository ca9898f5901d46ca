import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import test from 'ava'
import { useDb } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { clientOf, type Json } from './support.ts'

const db = useDb(test)
const root = path.resolve(import.meta.dirname, '../..')

/** A program of the server as a process of its own. */
function run(program: string, args: string[], env: Record<string, string>) {
	const { DATABASE_URL, npm_lifecycle_event, ...rest } = process.env
	const child = spawn(process.execPath, [path.join(root, 'server', program), ...args], { env: { ...rest, ...env } })
	const lines: string[] = []
	for (const output of [child.stdout, child.stderr]) createInterface({ input: output }).on('line', (line) => void lines.push(line))
	return { child, lines, ended: once(child, 'close') as Promise<[number | null, string | null]> }
}

const runServer = (env: Record<string, string> = {}) => run('main.ts', [], { DATABASE_URL: db.url, API_PORT: '0', ...env })
const urlOf = ({ lines }: { lines: string[] }) =>
	until(
		() =>
			lines.map((line) => (line.startsWith('{') ? JSON.parse(line) : {})).find((line: Json) => line.msg === 'listening')?.url as
				| string
				| undefined,
	)

test('the server says where it listens, serves, and ends cleanly at SIGTERM', async (t) => {
	const server = runServer()
	const url = await urlOf(server)

	await until(async () => (await clientOf(url).get('/readyz')).status === 200)
	server.child.kill('SIGTERM')
	const [code] = await server.ended

	t.is(code, 0, server.lines.join('\n'))
})

test('a second signal ends it at once', async (t) => {
	const server = runServer()
	const url = new URL(await urlOf(server))
	const busy = spawn(process.execPath, [
		'-e',
		`require('net').connect(${url.port}, '${url.hostname}').write('POST /jobs HTTP/1.1\\r\\nHost: ${url.host}\\r\\nContent-Length: 9\\r\\n\\r\\n', () => console.log('sent'))`,
	])
	await once(busy.stdout, 'data')

	server.child.kill('SIGINT')
	await until(() => server.lines.some((line) => line.includes('"stopping"')))
	server.child.kill('SIGINT')
	const [code] = await server.ended

	t.is(code, 1)
	busy.kill()
})

test('a server that npm has left behind ends by itself', async (t) => {
	const script = `require('child_process').spawn(process.execPath, ['server/main.ts'], { stdio: ['ignore', 'inherit', 'inherit'] })`
	const { DATABASE_URL, ...env } = process.env
	const npm = spawn(process.execPath, ['-e', script], {
		cwd: root,
		env: { ...env, npm_lifecycle_event: 'server', DATABASE_URL: db.url, API_PORT: '0' },
	})
	const lines: string[] = []
	createInterface({ input: npm.stdout }).on('line', (line) => void lines.push(line))
	const url = await urlOf({ lines })

	npm.kill('SIGTERM')
	await once(npm.stdout, 'close')

	t.true(lines.some((line) => line.includes('the end of npm')))
	await t.throwsAsync(fetch(`${url}/livez`))
})

test.serial('a start that cannot be is refused in words', async (t) => {
	const missing = run('main.ts', [], {})
	const wrong = runServer({ API_PORT: 'x' })
	const open = runServer({ API_HOST: '0.0.0.0' })
	const taken = runServer({ API_PORT: new URL(db.url).port })

	for (const [{ ended, lines }, words] of [
		[missing, /DATABASE_URL is not set/],
		[wrong, /API_PORT is "x"/],
		[open, /npm run key/],
		[taken, /EADDRINUSE/],
	] as const) {
		const [code] = await ended

		t.is(code, 2)
		t.regex(lines.join('\n'), words)
	}
})

test.serial('npm run key prints a key that opens the door', async (t) => {
	const made = run('key.ts', ['--name', 'me', '--role', 'taskq_reader'], { DATABASE_URL: db.url })
	const wrong = run('key.ts', ['--name', 'me', '--role', 'root'], { DATABASE_URL: db.url })
	const help = run('key.ts', ['--help'], {})
	const [code] = await made.ended
	const server = runServer({ LOG_LEVEL: 'trace' })
	const api = clientOf(await urlOf(server))
	const key = made.lines.find((line) => line.startsWith('taskq_'))!

	const { status } = await api.get('/jobs', { Authorization: `Bearer ${key}` })
	server.child.kill('SIGTERM')
	await server.ended

	t.is(code, 0)
	t.is(status, 200)
	t.false(server.lines.some((line) => line.includes(key)))
	t.is((await wrong.ended)[0], 2)
	t.regex(wrong.lines.join('\n'), /--role must be one of/)
	t.is((await help.ended)[0], 0)
	t.regex(help.lines.join('\n'), /--revoke <id>/)
})
