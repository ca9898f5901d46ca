import { spawn } from 'node:child_process'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { migrate } from '../../db/migrate.ts'
import { settingNames } from '../../db/settings.ts'
import { clientOf } from '../server/support.ts'
import { until } from '../support/patience.ts'
import { missed, readContract, readPrivate } from './contract.ts'
import { migrationsBefore, newest, noHistory, previousRelease } from './release.ts'

// The newest migration runs while the release before it works on: nothing is lost, nobody waits long, and its calls still mean the same.

/** A database as the release before has it. */
async function makeOld(t: ExecutionContext) {
	const name = `u_${Math.random().toString(36).slice(2)}`
	const admin = new pg.Pool({ connectionString: process.env.TEST_PG_URL!, max: 1 })
	await admin.query(`create database ${name}`)
	const url = Object.assign(new URL(process.env.TEST_PG_URL!), { pathname: `/${name}` }).href
	const before = migrationsBefore()
	await migrate(url, { migrationsFolder: before.folder })
	before.remove()
	const pool = new pg.Pool({ connectionString: url, max: 4 })
	pool.on('error', () => {})
	t.teardown(async () => {
		await pool.end()
		await admin.query(`drop database ${name} with (force)`)
		await admin.end()
	})
	return { url, pool }
}

if (noHistory) console.error(`SKIPPED: upgrades from the release before: ${noHistory}. Fetch all of the history (git fetch --unshallow).`)
const ifHistory = noHistory ? test.skip : test

/** The code of the release before, for as long as the test lasts. */
function oldCode(t: ExecutionContext): string {
	const { dir, commit, remove } = previousRelease()
	t.log(`the release before ${newest} is ${commit}`)
	t.teardown(remove)
	return dir
}

function start(t: ExecutionContext, dir: string, program: string, url: string) {
	const settings = Object.fromEntries(settingNames.map((name) => [name, undefined]))
	const env = { ...process.env, ...settings, API_PORT: '0', DATABASE_URL: url, WORKER_CONCURRENCY: '20', MAX_CPU_UNITS: '100' }
	const child = spawn(process.execPath, [path.join(dir, program)], { cwd: dir, stdio: 'pipe', env })
	let output = ''
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
	t.teardown(() => child.kill('SIGKILL'))
	return Object.assign(child, { output: () => output })
}

const urlOf = (server: ReturnType<typeof start>) => until(() => /"url":"(http:[^"]+)"/.exec(server.output())?.[1])
const readyWorker = (worker: ReturnType<typeof start>) => until(() => worker.output().includes('the worker is ready'))

/** Submits without a pause until it is told to stop; answers which jobs, and the longest that one submit took. */
function load(api: ReturnType<typeof clientOf>) {
	let goesOn = true
	const ids: string[] = []
	let longestMs = 0
	let error: unknown
	const done = (async () => {
		while (goesOn) {
			const began = performance.now()
			const { status, body } = await api.post('/jobs', { type: 'echo' })
			if (status !== 201) throw new Error(`a submit answered ${status}: ${JSON.stringify(body)}`)
			longestMs = Math.max(longestMs, performance.now() - began)
			ids.push(body.id)
		}
	})().catch((thrown) => {
		error = thrown
	})
	const has = (count: number) => {
		if (error) throw error
		return ids.length > count
	}
	const stop = async () => {
		goesOn = false
		await done
		if (error) throw error
	}
	return { ids, has, longestMs: () => longestMs, stop }
}

ifHistory('a server and a worker of the release before go on while the newest migration runs, and beside those of this one', async (t) => {
	const dir = oldCode(t)
	const { url, pool } = await makeOld(t)
	const [server, worker] = [start(t, dir, 'server/main.ts', url), start(t, dir, 'worker/main.ts', url)]
	const api = clientOf(await urlOf(server))
	await readyWorker(worker)
	const loads = [load(api), load(api)]
	await until(() => loads.every(({ has }) => has(20)))

	await migrate(url)
	const migratedAt = loads.map(({ ids }) => ids.length)
	await until(() => loads.every(({ has }, i) => has(migratedAt[i]! + 20)))
	const newServer = start(t, path.resolve(import.meta.dirname, '../..'), 'server/main.ts', url)
	const newWorker = start(t, path.resolve(import.meta.dirname, '../..'), 'worker/main.ts', url)
	loads.push(load(clientOf(await urlOf(newServer))))
	await readyWorker(newWorker)
	await until(() => loads[2]!.has(20))
	await Promise.all(loads.map(({ stop }) => stop()))

	const ids = loads.flatMap((one) => one.ids)
	const count = 'select count(*)::int as n from taskq_private.finished_jobs where job_id = any ($1) and status = $2'
	await until(async () => (await pool.query(count, [ids, 'completed'])).rows[0].n === ids.length)
	t.log(`${ids.length} jobs; the longest submit took ${Math.round(Math.max(...loads.map((one) => one.longestMs())))} ms`)
	t.deepEqual((await pool.query('select * from taskq_private.check_invariants()')).rows, [])
	t.deepEqual(
		[server, worker, newServer, newWorker].map(({ exitCode }) => exitCode),
		[null, null, null, null],
	)
	t.is((await pool.query("select count(*)::int as n from taskq_private.job_attempts where outcome <> 'released'")).rows[0].n, 0)
})

ifHistory('every statement that the release before sends can be prepared after the newest migration', async (t) => {
	const dir = oldCode(t)
	const { url, pool } = await makeOld(t)
	await migrate(url)
	const { statements } = (await import(pathToFileURL(path.join(dir, 'db/calls.ts')).href)) as { statements: Record<string, string> }

	const refused: string[] = []
	for (const [name, sql] of Object.entries(statements))
		await pool.query(`prepare "${name}" as ${sql}`).catch((error) => refused.push(`${name}: ${error.message}`))

	t.true(Object.keys(statements).length > 10)
	t.deepEqual(refused, [])
})

test('what a statement under way may call is still there when the newest migration commits', async (t) => {
	const { url, pool } = await makeOld(t)
	const before = await readPrivate(pool)
	await migrate(url)

	t.true(before.length > 100)
	t.deepEqual(missed(before, await readPrivate(pool)), [])
})

test('what the schema offered before the newest migration it still offers', async (t) => {
	const { url, pool } = await makeOld(t)
	const before = await readContract(pool)
	await migrate(url)

	t.true(before.length > 50)
	t.deepEqual(missed(before, await readContract(pool)), [])
	await pool.query('drop function taskq.read_events(bigint, bigint[], integer)') // and this rule can be broken
	await pool.query('alter function taskq.discard_job(uuid) rename to discard_one')
	t.deepEqual(missed(before, await readContract(pool)).length, 2)
})

test('the newest migration rewrites no table', async (t) => {
	const { url, pool } = await makeOld(t)
	const files = async () =>
		new Map(
			(
				await pool.query(
					"select c.oid::regclass::text as name, c.relfilenode from pg_class as c where c.relnamespace = 'taskq_private'::regnamespace and c.relkind in ('r', 'i')",
				)
			).rows.map(({ name, relfilenode }) => [name, relfilenode] as const),
		)
	const before = await files()
	await migrate(url)
	const after = await files()

	t.deepEqual(
		[...before].filter(([name, file]) => after.has(name) && after.get(name) !== file).map(([name]) => name),
		[],
	)
})

test('behind a long transaction the migration waits without making others wait for more than a moment, and gets through', async (t) => {
	const { url, pool } = await makeOld(t)
	const reader = await pool.connect()
	await reader.query('begin')
	await reader.query('select count(*) from taskq.jobs') // a report, or a dump
	const lines: string[] = []

	let isOver = false // one that only adds waits for no reader
	const migrating = migrate(url, { progress: (line) => lines.push(line) }).finally(() => {
		isOver = true
	})
	const took: number[] = []
	while (!isOver && lines.filter((line) => line.startsWith('cannot migrate yet')).length < 2) {
		const began = performance.now()
		await pool.query("select * from taskq.jobs where status = 'ready' limit 1")
		took.push(performance.now() - began)
		await sleep(5)
	}
	await reader.query('commit')
	reader.release()
	await migrating

	took.sort((a, b) => a - b)
	t.log(`the longest query beside it took ${Math.round(took.at(-1)!)} ms`)
	t.true(took[Math.floor(took.length / 2)]! < 1_000, 'most of them do not wait for a lock at all')
})
