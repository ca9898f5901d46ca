import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { pino } from 'pino'
import { readSettings, settingNames } from '../db/settings.ts'
import { startServer } from '../server/main.ts'
import { startWorker } from '../worker/main.ts'
import { useDb } from './support/db.ts'
import { HANGS_AFTER_MS } from './support/patience.ts'

const db = useDb(test)
const root = path.resolve(import.meta.dirname, '..')
const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8')
const blocks = (language: string) =>
	[...readme.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text]) => text!)

test.serial('every curl line of the README is answered without an error', async (t) => {
	const settings = readSettings({ API_PORT: '0' })
	const log = pino({ level: 'silent' })
	const server = await startServer({ settings, connectionString: db.url, log })
	process.env.DATABASE_URL = db.url
	const worker = await startWorker({ settings, connectionString: db.url, log })
	t.teardown(async () => {
		await worker.stop()
		await server.stop()
	})
	await worker.started
	const scripts = blocks('sh').filter((script) => script.includes('curl'))

	for (const script of scripts) {
		const lines = script.replaceAll('localhost:8000', new URL(server.url).host).replaceAll('curl -s ', 'curl -sS --fail-with-body ')
		const run = await new Promise<{ status: number | null; output: string }>((resolve) => {
			import('node:child_process').then(({ execFile }) =>
				execFile('bash', ['-e', '-c', lines], { timeout: HANGS_AFTER_MS }, (error, stdout, stderr) =>
					resolve({ status: error ? Number(error.code) : 0, output: stdout + stderr }),
				),
			)
		})
		t.is(run.status, 0, `${lines}\n${run.output}`)
		t.notRegex(run.output, /"errors":/, lines)
	}
	t.true(scripts.length >= 3)
})

test.serial('every SQL line of the README runs in psql', (t) => {
	if (spawnSync('psql', ['--version']).status !== 0) return t.log('there is no psql here: its lines were not run')
	const [script] = blocks('sql')

	const run = spawnSync('psql', [db.url, '-v', 'ON_ERROR_STOP=1', '-c', 'set role taskq_operator', '-f', '-'], {
		input: script,
		encoding: 'utf8',
		timeout: HANGS_AFTER_MS,
	})

	t.is(run.status, 0, run.stderr)
	t.regex(run.stdout, /completed/)
})

test('the table of settings names every setting and no other, with its default', (t) => {
	const rows = [...readme.slice(readme.indexOf('## Settings')).matchAll(/^\| `([A-Z_]+)` \| (?:`([^`]*)`|[^|]*) \|/gm)]
	const defaults = readSettings({}) as unknown as Record<string, unknown>

	t.deepEqual(rows.map(([, name]) => name).sort(), [...settingNames].sort())
	for (const [, name, value] of rows) {
		const kept = [
			'DATABASE_DIRECT_URL',
			'TASKQ_TASKS',
			'DEFAULT_MAX_ATTEMPTS',
			'DEFAULT_TIMEOUT_SECONDS',
			'JOB_TTL_SECONDS',
			'RESERVE_AFTER_SECONDS',
		].includes(name!)
		if (value && !kept) t.true(String(defaults[name!]).endsWith(value), `${name} is ${defaults[name!]} by default`)
	}
})
