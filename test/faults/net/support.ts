import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { type Client, clientOf, type Json } from '../../server/support.ts'
import type { Db } from '../../support/db.ts'
import { HANGS_AFTER_MS, until } from '../../support/patience.ts'
import { fixtureTasks } from '../../support/worker.ts'

export type Process = ChildProcess & { output: () => string }

/** `npm run server` or `npm run worker` as a process of its own, ended at the end of the test. */
function spawnProcess(t: ExecutionContext, url: string, [program, ...args]: string[], env: Record<string, string>): Process {
	const child = spawn(program!, args, {
		env: { ...process.env, DATABASE_URL: url, API_PORT: '0', TASKQ_TASKS: fixtureTasks, ...env, npm_lifecycle_event: undefined },
		stdio: ['ignore', 'pipe', 'pipe'],
	})
	let output = ''
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
	t.teardown(() => child.kill('SIGKILL'))
	return Object.assign(child, { output: () => output })
}

/** A server that listens, and a client of it. */
export async function spawnServer(t: ExecutionContext, url: string, env: Record<string, string> = {}): Promise<Process & { api: Client }> {
	const server = spawnProcess(t, url, [process.execPath, 'server/main.ts'], env)
	const listening = await until(() => /"url":"([^"]+)".*"listening"/.exec(server.output())?.[1] ?? server.exitCode !== null)
	if (listening === true) throw new Error(`the server ended: ${server.output()}`)
	return Object.assign(server, { api: clientOf(listening) })
}

/** A worker that takes jobs. */
export async function spawnWorkerAt(
	t: ExecutionContext,
	url: string,
	{ env = {}, prefix = [] }: { env?: Record<string, string>; prefix?: string[] } = {},
): Promise<Process> {
	const worker = spawnProcess(t, url, [...prefix, process.execPath, 'worker/main.ts'], env)
	await until(() => /the worker is ready.*\n/.test(worker.output()) || worker.exitCode !== null)
	if (worker.exitCode !== null) throw new Error(`the worker ended: ${worker.output()}`)
	return worker
}

/** What its caller does that wants a job submitted whatever happens: the same again under one key, until it is answered. */
export async function submitSurely(api: Client, request: Record<string, unknown>): Promise<{ id: string; tries: number }> {
	const body = { idempotency_key: randomUUID(), ...request }
	for (let tries = 1; ; tries++) {
		const answer: Json = await api.post('/jobs', body).catch(() => ({ status: 0 }))
		if (answer.status === 200 || answer.status === 201) return { id: answer.body.id, tries }
		if (answer.status !== 503 && answer.status !== 0) throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`)
		await sleep(50)
	}
}

/** The jobs of these ids that are not there, or have not come to this one end after one recorded attempt that counts. */
export async function notDoneOnce(db: Pick<Db, 'rows'>, ids: string[]): Promise<Json[]> {
	return db.rows(
		`select i.id, j.status, e.ended from unnest($1::uuid[]) as i (id) left join taskq.jobs as j on j.job_id = i.id
		cross join lateral (select count(*) filter (where outcome = 'completed')::integer as ended from taskq.job_executions as x where x.job_id = i.id) as e
		where j.status is distinct from 'completed' or e.ended <> 1`,
		[ids],
	)
}

/** Waits until no job is left that has not ended. */
export const untilAllEnded = (db: Pick<Db, 'row'>, ids: string[]): Promise<unknown> =>
	until(
		async () =>
			(await db.row('select count(*)::integer as n from taskq.jobs where job_id = any ($1) and finished_at is not null', [ids])).n ===
			ids.length,
	)

/** How often as long as what is promised a test waits: another program may have the machine. */
const PATIENCE = 10

/** Waits until a test's condition holds; fails with these words when it takes many times as long as the seconds that it should. */
export async function within<T>(seconds: number, words: string, look: () => Promise<T> | T): Promise<NonNullable<Exclude<T, false>>> {
	const started = performance.now()
	for (;;) {
		const found = await look()
		if (found) return found as NonNullable<Exclude<T, false>>
		const limit = Math.min(PATIENCE * seconds * 1000, HANGS_AFTER_MS)
		if (performance.now() - started > limit)
			throw new Error(`${words} took more than ${limit / 1000} s; it should take at most ${seconds} s`)
		await sleep(20)
	}
}

/** How many milliseconds this took. */
export async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; answer: T }> {
	const started = performance.now()
	const answer = await work()
	return { ms: performance.now() - started, answer }
}

/** The value that so many of these do not exceed, such as 0.95. */
export const quantile = (values: number[], part: number): number =>
	values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))]!
