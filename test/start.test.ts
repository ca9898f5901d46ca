import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { settingNames } from '../db/settings.ts'
import { HANGS_AFTER_MS, until } from './support/patience.ts'

const root = path.resolve(import.meta.dirname, '..')

/** A folder of its own for a test's data, removed when the test is over. */
function dataDir(t: ExecutionContext): string {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-start-'))
	fs.chmodSync(dir, 0o755)
	t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }))
	return path.join(dir, 'data')
}

type Started = ChildProcess & { output: () => string; url: () => Promise<string> }

/** `npm start`, as a user types it, in a process group of its own. */
function npmStart(t: ExecutionContext, env: Record<string, string>): Started {
	const settings = Object.fromEntries(settingNames.map((name) => [name, undefined]))
	const child = spawn('npm', ['start'], { cwd: root, detached: true, env: { ...process.env, ...settings, API_PORT: '0', ...env } })
	let output = ''
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
	t.teardown(async () => {
		try {
			process.kill(-child.pid!, 'SIGINT')
			await until(() => !isAlive(-child.pid!))
		} catch {} // all of it has ended
	})
	const url = () =>
		until(
			() => /ready after .* Open (http:\S+)\/graphiql/.exec(output)?.[1] ?? (child.exitCode !== null && Promise.reject(new Error(output))),
		)
	return Object.assign(child, { output: () => output, url })
}

/** Whether any process of a group (a negative pid) is left. */
function isAlive(pid: number): boolean {
	try {
		return process.kill(pid, 0)
	} catch {
		return false
	}
}

/** What a terminal does at Ctrl-C: the signal goes to everyone in the group. */
async function ctrlC(child: Started): Promise<void> {
	process.kill(-child.pid!, 'SIGINT')
	await once(child, 'exit')
}

const post = async (url: string, body: object) =>
	(
		await fetch(`${url}/jobs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
	).json() as Promise<any>

test('npm start needs nothing, runs jobs, stops at Ctrl-C and finds its data again', async (t) => {
	const env = { TASKQ_DATA_DIR: dataDir(t) }
	const first = npmStart(t, env)
	const url = await first.url()
	const { id } = await post(url, { type: 'math', payload: { operation: 'add', a: 5, b: 3 } })
	const get = async (at: string) => (await fetch(`${at}/jobs/${id}`)).json() as Promise<any>
	await until(async () => (await get(url)).status === 'completed')
	const postmaster = Number(fs.readFileSync(path.join(env.TASKQ_DATA_DIR, 'postgresql/postmaster.pid'), 'utf8').split('\n')[0])

	await ctrlC(first)
	const second = npmStart(t, env)
	const again = await get(await second.url())

	t.regex(first.output(), /making a PostgreSQL data directory/)
	t.regex(first.output(), /taskq: stopped/)
	t.throws(() => process.kill(postmaster, 0), { code: 'ESRCH' })
	t.deepEqual(again.result, { result: 8 })
	t.notRegex(second.output(), /making a PostgreSQL data directory/)
})

test('a second npm start over the same data says who has it', async (t) => {
	const env = { TASKQ_DATA_DIR: dataDir(t) }
	const first = npmStart(t, env)
	await first.url()

	const second = npmStart(t, env)
	await once(second, 'exit')

	t.is(second.exitCode, 2)
	t.regex(second.output(), /taskq is running already \(process \d+\)/)
})

test('killed without warning it starts again, with the PostgreSQL that was left behind', async (t) => {
	const env = { TASKQ_DATA_DIR: dataDir(t) }
	const first = npmStart(t, env)
	const { id } = await post(await first.url(), { type: 'echo', payload: { still: 'here' } })

	process.kill(-first.pid!, 'SIGKILL')
	const second = npmStart(t, env)
	const job = await (await fetch(`${await second.url()}/jobs/${id}`)).json()

	t.is((job as { id: string }).id, id)
})

test('a PostgreSQL that is killed, whose address `npm run url` tells, is started again, and jobs go on', async (t) => {
	const env = { TASKQ_DATA_DIR: dataDir(t) }
	const started = npmStart(t, env)
	const url = await started.url()
	const { id } = await post(url, { type: 'sleep', payload: { duration: 0.5 } })
	const postmaster = Number(fs.readFileSync(path.join(env.TASKQ_DATA_DIR, 'postgresql/postmaster.pid'), 'utf8').split('\n')[0])

	const printed = spawnSync('npm', ['run', '-s', 'url'], {
		cwd: root,
		env: { ...process.env, DATABASE_URL: '', ...env },
		encoding: 'utf8',
		timeout: HANGS_AFTER_MS,
	})
	const client = new pg.Client(printed.stdout.trim())
	await client.connect()
	const { rows } = await client.query('select type from taskq.jobs')
	await client.end()

	process.kill(postmaster, 'SIGKILL')
	await until(() => started.output().includes('PostgreSQL is back'))

	const completed = await until(async () => {
		const job = (await (await fetch(`${url}/jobs/${id}`)).json()) as any
		return job.status === 'completed' && job
	})
	t.deepEqual(rows, [{ type: 'sleep' }])
	t.deepEqual(completed.result, { slept: 0.5 })
})

test('the end of npm alone ends everything that it started', async (t) => {
	const env = { TASKQ_DATA_DIR: dataDir(t) }
	const started = npmStart(t, env)
	await started.url()
	const pid = Number(fs.readFileSync(path.join(env.TASKQ_DATA_DIR, 'taskq.pid'), 'utf8'))

	started.kill('SIGKILL')

	await until(() => !fs.existsSync(`/proc/${pid}`) || /^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8')))
	t.false(fs.existsSync(path.join(env.TASKQ_DATA_DIR, 'postgresql/postmaster.pid')))
})

test('wrong settings are refused at start, each by its name', async (t) => {
	const started = npmStart(t, { TASKQ_DATA_DIR: dataDir(t), API_PORT: '80000', MAX_CPU_UNITS: 'many', LOG_LEVEL: 'loud' })

	await once(started, 'exit')

	t.is(started.exitCode, 2)
	for (const name of ['API_PORT', 'MAX_CPU_UNITS', 'LOG_LEVEL']) t.regex(started.output(), new RegExp(`^${name} is .* but takes `, 'm'))
	t.notRegex(started.output(), /making/)
})

test('a port that is taken is said so, and nothing is left running', async (t) => {
	const env = { TASKQ_DATA_DIR: dataDir(t) }
	const first = npmStart(t, env)
	const taken = new URL(await first.url()).port

	const second = npmStart(t, { TASKQ_DATA_DIR: dataDir(t), API_PORT: taken })
	await once(second, 'exit')

	t.is(second.exitCode, 1)
	t.regex(second.output(), new RegExp(`taskq cannot start: .*${taken}`))
})
