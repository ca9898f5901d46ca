import { spawn } from 'node:child_process'
import path from 'node:path'
import test from 'ava'
import { call } from '../../db/calls.ts'
import { useDb } from '../support/db.ts'
import { root } from '../support/file-rules.ts'
import { until } from '../support/patience.ts'

const db = useDb(test)
const small = path.join(import.meta.dirname, 'small-workflow.json')

interface Ran {
	code: number | null
	stdout: string
	stderr: string
}

function start(args: string[], env: Record<string, string> = {}) {
	const child = spawn(process.execPath, [path.join(root, 'bench/workflow.ts'), ...args], {
		env: { ...process.env, DATABASE_URL: db.url, ...env },
		stdio: ['ignore', 'pipe', 'pipe'],
	})
	const ran: Ran = { code: null, stdout: '', stderr: '' }
	for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (chunk) => (ran[name] += chunk))
	const ended = new Promise<Ran>((resolve) => child.on('close', (code) => resolve({ ...ran, code })))
	return { child, ended }
}

const run = (args: string[], env?: Record<string, string>): Promise<Ran> => start(args, env).ended

test.serial('a workflow runs through the queue and every check holds', async (t) => {
	const { code, stdout, stderr } = await run([small, '--speed', '20', '--workers', '2', '--cpu', '2', '--json'])

	t.is(code, 0, stderr)
	const report = JSON.parse(stdout)
	t.deepEqual(report.checks, { completed: 'ok', order: 'ok', capacity: 'ok' })
	t.like(report, { jobs: 6, dependencies: 6, workers: 2, cpu_units: 2, lower_bound_seconds: 0.206, critical_path_seconds: 0.2 })
	t.true(report.ratio >= 1, stdout)
	t.true(report.max_cpu_units.of_one_worker === 2 && report.max_cpu_units.of_all <= 4, stdout)
	t.is(stderr, 'warning: 1 task asks for more cores than a worker has and gets 2 cpu units: wide\n')
	t.is((await db.row(`select count(*)::integer as completed from taskq.jobs where status = 'completed'`)).completed, 6)
})

test.serial('a run that is interrupted leaves no job behind that waits, and no worker', async (t) => {
	const { child, ended } = start([small, '--speed', '0.001', '--cpu', '1'])
	await until(async () => (await db.rows(`select from taskq.jobs where status = 'running'`)).length > 0)

	child.kill('SIGTERM')
	const { code } = await ended

	t.is(code, 130)
	t.deepEqual(await db.rows(`select status, count(*)::integer from taskq.jobs group by status order by status`), [
		{ status: 'completed', count: 6 },
		{ status: 'cancelled', count: 6 },
	])
	t.deepEqual(await db.rows('select name from taskq.workers where ended_at is null'), [])
})

test.serial('a queue that gives out more than there is, is found out', async (t) => {
	await db.query(
		`create or replace function taskq_private.free_capacity(worker taskq_private.workers, is_claim boolean default false) returns taskq_private.capacity
		language sql stable as $$ select row(100.0, 100000, '{}')::taskq_private.capacity $$`,
	)

	const { code, stdout, stderr } = await run([small, '--speed', '20', '--cpu', '2'])

	t.is(code, 1)
	t.regex(stdout, /^ok: every job completed\nok: no job started before .*\nFAILED: no worker ever held more/m)
	t.regex(stderr, /^FAILED: more was held than there is, .*worker \S+ held \d of 2 cpu units at event \d+/m)
})

test.serial('a run beside another one is refused', async (t) => {
	await call(db.pool, 'submitJobs', [JSON.stringify([{ type: 'workflow_step', queue: 'workflow', payload: { seconds: 1 } }])])

	const { code, stderr } = await run([small, '--cpu', '8'])

	t.is(code, 1)
	t.regex(stderr, /^workflow: queue workflow of this database holds 1 unfinished jobs: /)
})

test('--help says how to use it', async (t) => {
	const { code, stdout } = await run(['--help'])

	t.is(code, 0)
	for (const option of ['FILE', '--speed', '--workers', '--cpu', '--json', 'DATABASE_URL']) t.true(stdout.includes(option), option)
})

const wrong: Record<string, [args: string[], message: RegExp]> = {
	'no file': [[], /which FILE\?/],
	'two files': [[small, small], /one FILE, not 2/],
	'a file that is not there': [['no/such.json'], /cannot read no\/such\.json/],
	'an unknown flag': [[small, '--sped', '3'], /--sped/],
	'a flag without its value': [[small, '--cpu'], /--cpu/],
	'no speed': [[small, '--speed', '0'], /--speed takes a number above 0, and not "0"/],
	'negative cpu': [[small, '--cpu=-4'], /--cpu takes a number above 0/],
	'half a worker': [[small, '--workers', '1.5'], /--workers takes a whole number from 1/],
	'a word for a number': [[small, '--workers', 'many'], /--workers takes a whole number from 1.*"many"/],
}

for (const [what, [args, message]] of Object.entries(wrong)) {
	test(`${what}: exit code 2 and a sentence`, async (t) => {
		const { code, stdout, stderr } = await run(args)

		t.is(code, 2)
		t.is(stdout, '')
		t.regex(stderr, message)
		t.regex(stderr, /^workflow: [^\n]*\nSee --help\.\n$/)
	})
}

test('a database that is away is said to be', async (t) => {
	const { code, stderr } = await run([small], { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })

	t.is(code, 1)
	t.regex(stderr, /^workflow: .*ECONNREFUSED/m)
})
