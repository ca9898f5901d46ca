import { spawn } from 'node:child_process'
import path from 'node:path'
import test from 'ava'
import { openSession } from '../../bench/simulate-database.ts'
import { easyBackfill } from '../../bench/simulate-easy.ts'
import { firstComeFirstServed } from '../../bench/simulate-fcfs.ts'
import { type Job, type Machine, type Placement, replay } from '../../bench/simulate-jobs.ts'
import { findFault, measure } from '../../bench/simulate-metrics.ts'
import { parseTrace } from '../../bench/simulate-swf.ts'
import { TaskqScheduler } from '../../bench/simulate-taskq.ts'
import { makeTrace } from '../../bench/traces/generate.ts'
import { useDb } from '../support/db.ts'
import { root } from '../support/file-rules.ts'
import { until } from '../support/patience.ts'

const db = useDb(test)
const small = path.join(root, 'bench/traces/small.swf')

const job = (number: number, submit: number, run: number, processors: number, expected = run): Job => ({
	...{ number, submit, run, expected, processors, memoryMb: 0 },
})
const machine = (processors: number, workers = 1): Machine => ({ workers, processors, memoryMb: 1_000_000 })
const startOf = (placements: Placement[], number: number): number => placements.find((placement) => placement.job.number === number)!.start

async function throughTaskq(jobs: Job[], on: Machine, reserveAfter = 1): Promise<Placement[]> {
	const session = await openSession(db.url)
	try {
		return await replay(jobs, await TaskqScheduler.start(session, on, reserveAfter))
	} finally {
		await session.end()
	}
}

test.serial('jobs that are alike run in rounds, in the order of the trace', async (t) => {
	const jobs = Array.from({ length: 30 }, (_, n) => job(n, 0, 10, 1))

	const placements = await throughTaskq(jobs, machine(10))

	t.is(findFault(jobs, placements, machine(10)), null)
	t.deepEqual(
		jobs.map(({ number }) => startOf(placements, number)),
		jobs.map((_, n) => 10 * Math.floor(n / 10)),
	)
	t.deepEqual(measure(placements, machine(10)), { utilisation: 1, meanWait: 10, meanSlowdown: 2, largestWait: 20, makespan: 30 })
})

test.serial('a stream of small jobs does not keep a large one waiting, and only what does not delay it goes first', async (t) => {
	const stream = Array.from({ length: 25 }, (_, n) => job(n, n, 8, 1))
	const jobs = [...stream, job(100, 5.5, 10, 8), job(101, 6.5, 3, 1), job(102, 6.5, 100, 1)].sort((a, b) => a.submit - b.submit)

	const placements = await throughTaskq(jobs, machine(8))

	t.is(findFault(jobs, placements, machine(8)), null)
	t.true(startOf(placements, 100) <= 5.5 + 1 + 8, `the large job started at ${startOf(placements, 100)}`)
	t.is(startOf(placements, 101), 6.5)
	t.true(startOf(placements, 102) > startOf(placements, 100))
})

for (const workers of [1, 2]) {
	test.serial(`each job of a trace runs once, and no worker holds too much: ${workers} of them`, async (t) => {
		const on = machine(64 / workers, workers)
		const jobs = parseTrace(makeTrace({ jobs: 40, load: 3, seed: 7 }), 'made').jobs.filter(({ processors }) => processors <= on.processors)

		const placements = await throughTaskq(jobs, on, 30)

		t.is(findFault(jobs, placements, on), null)
		const since = new Date(Date.UTC(2000, 0, 1))
		const { runs, ran } = await db.row(
			`select count(*)::integer as runs, count(distinct job_id)::integer as ran from taskq.job_executions as e
			join taskq.workers as w using (worker_id) where w.cpu_units = $1 and e.outcome = 'completed' and e.started_at >= $2`,
			[on.processors, since],
		)
		t.deepEqual({ runs, ran }, { runs: jobs.length, ran: jobs.length })
	})
}

test.serial('where jobs have to wait it is near EASY, and far from first come, first served', async (t) => {
	const { jobs } = parseTrace(makeTrace({ jobs: 300, load: 1, seed: 11 }), 'made')

	const taskq = measure(await throughTaskq(jobs, machine(64), 30), machine(64))

	const easy = measure(await replay(jobs, easyBackfill(machine(64))), machine(64))
	const fcfs = measure(await replay(jobs, firstComeFirstServed(machine(64))), machine(64))
	const seen = JSON.stringify({ taskq, easy, fcfs }, null, 1)
	t.true(taskq.meanWait < 1.15 * easy.meanWait && taskq.meanWait < fcfs.meanWait / 2, seen)
	t.true(taskq.meanSlowdown < 1.15 * easy.meanSlowdown && taskq.meanSlowdown < fcfs.meanSlowdown / 2, seen)
	t.true(taskq.largestWait < 1.15 * easy.largestWait, seen)
})

test.serial('other sessions keep their clock', async (t) => {
	const { off } = await db.row('select abs(extract(epoch from taskq_private.clock() - clock_timestamp())) < 5 as off')

	t.true(off)
})

interface Ran {
	code: number | null
	stdout: string
	stderr: string
}

function start(args: string[], env: Record<string, string> = {}) {
	const child = spawn(process.execPath, [path.join(root, 'bench/simulate.ts'), ...args], {
		env: { ...process.env, DATABASE_URL: db.url, ...env },
		stdio: ['ignore', 'pipe', 'pipe'],
	})
	const ran = { stdout: '', stderr: '' }
	for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (chunk) => (ran[name] += chunk))
	const ended = new Promise<Ran>((resolve) => child.on('close', (code) => resolve({ ...ran, code })))
	return { child, ended }
}

const run = (args: string[], env?: Record<string, string>): Promise<Ran> => start(args, env).ended

const databases = () => db.rows(`select datname from pg_database where datname like 'taskq_simulate%'`)

test.serial('the command prints the three schedules, and leaves nothing behind', async (t) => {
	const { code, stdout, stderr } = await run([small, '--jobs', '40', '--workers', '2', '--json'])

	t.is(code, 0, stderr)
	const report = JSON.parse(stdout)
	t.like(report, { file: 'small.swf', workers: 2, processors: 64, reserve_after_seconds: 30, faults: [] })
	t.deepEqual(Object.keys(report.schedules), ['taskq', 'EASY backfill', 'first come, first served'])
	t.true(report.speed_up > 100, stdout)
	t.regex(stderr, /^warning: \d jobs? (is|are) left out: larger than a worker\n$/)
	t.deepEqual(await databases(), [])
})

test.serial('the command prints a table', async (t) => {
	const { code, stdout, stderr } = await run([small, '--jobs', '20', '--reserve-after', '1'])

	t.is(code, 0, stderr)
	t.regex(stdout, /^small\.swf: 20 jobs, 1 worker with 64 cpu units, kept free for a large job after 1 s\n/)
	for (const name of ['taskq', 'EASY backfill', 'first come, first served'])
		t.regex(stdout, new RegExp(`^${name} +[\\d.]+ % +\\d+ s +[\\d.]+ +\\d+ s +\\d+ s$`, 'm'))
	t.regex(
		stdout,
		/^taskq's part took [\d.]+ s: \d+ times as fast as life; \d+ claims, [\d.]+ a job, [\d.]+ ms \(p50\), [\d.]+ ms \(p95\) each$/m,
	)
	t.regex(stdout, /^ok: every job ran once/m)
})

test.serial('a run that is interrupted leaves nothing behind', async (t) => {
	const { child, ended } = start([small])
	const replays = `select from pg_stat_activity where application_name = 'taskq simulate' and query like '%claim_next_job%'`
	await until(async () => (await db.rows(replays)).length > 0)

	child.kill('SIGTERM')
	const { code, stdout, stderr } = await ended

	t.is(code, 130)
	t.deepEqual([stdout, stderr], ['', 'simulate: interrupted\n'])
	t.deepEqual(await databases(), [])
})

test('--help says how to use it', async (t) => {
	const { code, stdout } = await run(['--help'])

	t.is(code, 0)
	for (const option of ['TRACE', '--processors', '--workers', '--memory', '--reserve-after', '--jobs', '--json', 'DATABASE_URL'])
		t.true(stdout.includes(option), option)
})

const wrong: Record<string, [args: string[], message: RegExp]> = {
	'no trace': [[], /which TRACE\?/],
	'two traces': [[small, small], /one TRACE, not 2/],
	'a trace that is not there': [['no/such.swf'], /cannot read no\/such\.swf/],
	'a file that is no trace': [[path.join(root, 'package.json')], /line 1: 1 columns, where a job has 18/],
	'an unknown flag': [[small, '--worker', '3'], /--worker/],
	'no workers': [[small, '--workers', '0'], /--workers takes a whole number from 1 to 1000, and not "0"/],
	'a word for a number': [[small, '--reserve-after', 'soon'], /--reserve-after takes a whole number from 1 to 86400, and not "soon"/],
}

for (const [what, [args, message]] of Object.entries(wrong)) {
	test(`${what}: exit code 2 and a sentence`, async (t) => {
		const { code, stdout, stderr } = await run(args)

		t.is(code, 2)
		t.is(stdout, '')
		t.regex(stderr, message)
		t.regex(stderr, /^simulate: [^\n]*\nSee --help\.\n$/)
	})
}

test('a database that is away is said to be', async (t) => {
	const { code, stderr } = await run([small], { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })

	t.is(code, 1)
	t.regex(stderr, /^simulate: .*ECONNREFUSED/m)
})
