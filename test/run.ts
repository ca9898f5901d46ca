/** `npm test [files]`: a PostgreSQL of its own (TEST_PG_HOME for another installation, TEST_DATABASE_URL for a running one), a migrated template, AVA, and one last line `N passed, N failed`. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startEmbedded } from '../db/embedded.ts'
import { migrate } from '../db/migrate.ts'

// durability is of no use to a database that is thrown away
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: 400, max_wal_size: '4GB' }

async function startPostgres(): Promise<{ url: string; stop: () => Promise<void> }> {
	if (process.env.TEST_DATABASE_URL) return { url: process.env.TEST_DATABASE_URL, stop: async () => {} }
	const memory = fs.existsSync('/dev/shm') && fs.statfsSync('/dev/shm').bavail * fs.statfsSync('/dev/shm').bsize > 2 ** 30
	const dataDir = fs.mkdtempSync(path.join(memory ? '/dev/shm' : os.tmpdir(), 'taskq-test-'))
	const postgres = await startEmbedded({ dataDir, settings, home: process.env.TEST_PG_HOME })
	return {
		url: postgres.url,
		async stop() {
			await postgres.stop()
			fs.rmSync(dataDir, { recursive: true, force: true })
		},
	}
}

async function makeTemplate(url: string, name: string): Promise<void> {
	const client = new pg.Client(url)
	await client.connect()
	await client.query(`create database ${name}`)
	await migrate(Object.assign(new URL(url), { pathname: `/${name}` }).href)
	// a template must have no connection, and graphile-migrate keeps its own for a moment; ending it would end this process
	while ((await client.query('select from pg_stat_activity where datname = $1', [name])).rowCount)
		await new Promise((r) => setTimeout(r, 20))
	await client.query(`alter database ${name} with allow_connections false is_template true`)
	await client.end()
}

async function dropTemplate(url: string, name: string): Promise<void> {
	const client = new pg.Client(url)
	await client.connect()
	await client.query(`alter database ${name} with is_template false`)
	await client.query(`drop database ${name} with (force)`)
	await client.end()
}

type Counted = { passed: number; failed: number; skipped: number }

/** AVA's TAP reporter would be easier to read, but breaks down when a test hangs. */
const PASSED = /^\s*✔ /
/** What AVA ends with. It counts the passed ones only where none failed. */
const SUMMARY = /^\s*(\d+) (?:tests? (skipped|failed|remained pending)|hooks?|uncaught|unhandled|known failures?|tests? todo)/

function count(line: string, counted: Counted): void {
	const [, number, kind] = SUMMARY.exec(line) ?? []
	if (number) counted[kind === 'skipped' ? 'skipped' : 'failed'] += Number(number)
	else if (PASSED.test(line)) counted.passed++
}

/** Tests limit their own waits; where nothing is said for so long, one hangs beyond AVA's reach. */
const SILENCE_MS = 6 * 60_000

const AFTERGLOW_MS = 5_000

/** In CI, which nobody watches: asks AVA which tests are still at it, and ends it, when it has been silent for so long. The answer is called at each line. */
function endWhenSilent(ava: ChildProcessWithoutNullStreams): () => void {
	if (!process.env.CI) return () => {} // the long forms of faults, mutants and interleavings take their time
	const timer = setTimeout(() => {
		console.log(`nothing has ended for ${SILENCE_MS / 60_000} minutes; still running:`)
		ava.kill('SIGINT')
		setTimeout(() => ava.kill('SIGKILL'), 20_000).unref()
	}, SILENCE_MS).unref()
	return () => void timer.refresh()
}

/** What a test leaves behind inherits no pipe of ours, and keeps AVA's for a moment at most. */
const startAva = (files: string[], env: NodeJS.ProcessEnv): ChildProcessWithoutNullStreams => {
	const cli = path.join(path.dirname(fileURLToPath(import.meta.resolve('ava'))), 'cli.js')
	const ava = spawn(process.execPath, [cli, ...files], { env: { ...process.env, ...env } })
	ava.stdin.end()
	return ava
}

/** Shows what AVA prints, and answers what it counted. */
async function follow(ava: ChildProcessWithoutNullStreams): Promise<Counted> {
	const counted = { passed: 0, failed: 0, skipped: 0 }
	const hear = endWhenSilent(ava)
	ava.stderr.pipe(process.stderr)
	createInterface({ input: ava.stdout }).on('line', (line) => {
		hear()
		count(line, counted)
		console.log(line)
	})
	const closed = once(ava, 'close')
	const [code] = await once(ava, 'exit')
	await Promise.race([closed, sleep(AFTERGLOW_MS)])
	if (code !== 0 && counted.failed === 0) counted.failed = 1 // a crash that no test reports
	return counted
}

const started = performance.now()
const postgres = await startPostgres()
const template = `taskq_template_${process.pid}`
let ava: ChildProcessWithoutNullStreams | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const)
	process.once(signal, async () => {
		ava?.kill('SIGINT') // it says which tests still ran
		if (ava) await Promise.race([once(ava, 'close'), sleep(AFTERGLOW_MS)])
		await postgres.stop() // nothing is left behind by a run that was cut short
		process.exit(1)
	})
let counted = { passed: 0, failed: 1, skipped: 0 }
try {
	await makeTemplate(postgres.url, template)
	ava = startAva(process.argv.slice(2), { TEST_PG_URL: postgres.url, TEST_PG_TEMPLATE: template, GRAPHILE_ENV: 'test' })
	counted = await follow(ava)
	await dropTemplate(postgres.url, template)
} finally {
	await postgres.stop()
}
console.log(`${((performance.now() - started) / 1000).toFixed(1)} s`)
console.log(`${counted.passed} passed, ${counted.failed} failed${counted.skipped ? `, ${counted.skipped} skipped` : ''}`)
process.exit(counted.failed ? 1 : 0)
