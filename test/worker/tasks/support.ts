import { randomUUID } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { byName } from '../../../worker/parents.ts'
import type { Job, LogLevel, ParentResult, Task } from '../../../worker/task.ts'

export interface TestJob extends Job {
	readonly logs: { level: LogLevel; message: string; data?: unknown }[]
}

interface JobGiven {
	id?: string
	attempt?: number
	signal?: AbortSignal
	parents?: ParentResult[]
}

/** What a worker hands to a handler, with the log kept for the test to read. */
export function makeJob({ id = randomUUID(), attempt = 1, signal = new AbortController().signal, parents = [] }: JobGiven = {}): TestJob {
	const logs: TestJob['logs'] = []
	const at = (level: LogLevel) => (message: string, data?: unknown) => void logs.push({ level, message, data })
	return {
		id,
		type: 'test',
		attempt,
		maxAttempts: 3,
		signal,
		log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
		parents: async () => byName(parents),
		progress: () => {},
		complete: async () => {},
		logs,
	}
}

export const makeParent = (result: unknown, given: Partial<ParentResult> = {}): ParentResult => ({
	id: randomUUID(),
	name: null,
	type: 'test',
	condition: 'finished',
	status: 'completed',
	result,
	error: null,
	leftOut: false,
	...given,
})

/** Runs a task as a worker does: the payload checked, its defaults filled in. */
export const run = async (task: Task, payload: unknown, job: Job = makeJob()): Promise<any> =>
	task.handler(task.payload.parse(payload), job)

/** The fields that a payload is refused for; none if it is accepted. */
export const refusedFields = (task: Task, payload: unknown): string[] =>
	(task.payload.safeParse(payload).error?.issues ?? []).map(({ path }) => path.join('.'))

/** Points output and outbox to a new folder of this test file. */
export async function useFolders(): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'taskq-tasks-'))
	process.env.TASKQ_OUTPUT_DIR = join(folder, 'output')
	process.env.TASKQ_OUTBOX_DIR = join(folder, 'outbox')
	return folder
}

/** A web server on loopback that counts who connects. */
export async function listen(answer: RequestListener, host = '127.0.0.1', at = 0) {
	const requests: IncomingMessage[] = []
	let connections = 0
	const server = createServer((request, response) => {
		requests.push(request)
		answer(request, response)
	})
	server.on('connection', () => connections++)
	await new Promise<void>((done) => server.listen(at, host, done))
	const { port } = server.address() as AddressInfo
	return {
		port,
		url: `http://${host}:${port}`,
		requests,
		connections: () => connections,
		close: () => {
			server.closeAllConnections()
			return new Promise((done) => server.close(done))
		},
	}
}

const SCHEMA = `
	create schema taskq;
	create table taskq.jobs (
		job_id uuid, type text, queue text, status text, priority integer, payload jsonb, metadata jsonb, result jsonb,
		created_at timestamptz, finished_at timestamptz, attempt integer
	);
	create table taskq.secrets (secret text);
	create table public.orders (id integer, customer text, amount numeric, user_id integer, "odd ""name" text);
	do $$ begin create role taskq_reader; exception when duplicate_object or unique_violation then null; end $$;
	grant usage on schema taskq to taskq_reader;
	grant select on taskq.jobs to taskq_reader`

/** A database of this test file's own, with the jobs view's columns as a table and a role that may read it. */
export async function createDatabase() {
	const server = process.env.TEST_PG_URL
	if (!server) throw new Error('TEST_PG_URL names no PostgreSQL server for the tests')
	const name = `tasks_${randomUUID().replaceAll('-', '')}`
	const url = new URL(server)
	url.pathname = name
	const onServer = async (text: string) => {
		const client = new pg.Client({ connectionString: server })
		await client.connect()
		await client.query(text).finally(() => client.end())
	}
	await onServer(`create database ${name}`)
	const client = new pg.Client({ connectionString: url.href })
	await client.connect()
	await client.query(SCHEMA)
	const drop = async () => {
		await client.end()
		await onServer(`drop database ${name} with (force)`)
	}
	return { url: url.href, client, drop }
}
