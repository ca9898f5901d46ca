import type { ExecutionContext, TestFn } from 'ava'
import { pino } from 'pino'
import { WebSocket } from 'ws'
import { logOptions } from '../../db/log.ts'
import { readSettings } from '../../db/settings.ts'
import { type RunningServer, startServer } from '../../server/main.ts'
import { tasks } from '../../worker/tasks/index.ts'
import { type Db, makeDb, registerTypes } from '../support/db.ts'
import { until } from '../support/patience.ts'

export type Json = any

export interface Answer {
	status: number
	headers: Headers
	body: Json
}

export interface Client {
	url: string
	/** Sends JSON (or bytes and text as they are) and reads JSON. */
	send: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>
	get: (path: string, headers?: Record<string, string>) => Promise<Answer>
	post: (path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>
	/** Submits a job of type `echo` unless it says otherwise, and answers it. */
	submit: (request?: Record<string, unknown>) => Promise<Json>
}

export function clientOf(url: string): Client {
	const send: Client['send'] = async (method, path, body, headers = {}) => {
		const raw = typeof body === 'string' || body instanceof Uint8Array
		const type: Record<string, string> = body === undefined ? {} : { 'Content-Type': 'application/json' }
		const response = await fetch(url + path, {
			method,
			headers: { ...type, ...headers },
			...(body === undefined ? {} : { body: raw ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
		})
		const text = await response.text()
		return { status: response.status, headers: response.headers, body: text && JSON.parse(text) }
	}
	const post: Client['post'] = (path, body, headers) => send('POST', path, body, headers)
	return {
		url,
		send,
		get: (path, headers) => send('GET', path, undefined, headers),
		post,
		async submit(request = {}) {
			const ask = () => post('/jobs', { type: 'echo', ...request })
			// a server that has just begun makes its GraphQL schema: on a slow machine no connection is there in time then, and nothing was sent
			const isTooEarly = ({ body }: Answer) => body.code === 'database_unavailable' && body.hint === 'Try again in a moment.'
			const { status, body } = await until(async () => {
				const answer = await ask()
				return !isTooEarly(answer) && answer
			})
			if (status >= 300) throw new Error(`submit answered ${status}: ${JSON.stringify(body)}`)
			return body
		},
	}
}

export interface StartOptions {
	env?: Record<string, string>
	connectionString?: string
	logs?: Json[]
}

/** A server on a free port over this database. What it logs is put into `logs`. */
export function startTestServer(db: Db, { env = {}, connectionString = db.url, logs = [] }: StartOptions = {}): Promise<RunningServer> {
	const log = pino(logOptions('debug'), { write: (line: string) => void logs.push(JSON.parse(line)) })
	const settings = readSettings({ API_PORT: '0', ...env })
	return startServer({ settings, connectionString, directConnectionString: undefined, log })
}

export const registerBuiltInTypes = (db: Db): Promise<void> =>
	registerTypes(
		db,
		...tasks.map(({ type, payloadSchema, cpuUnits, memoryMb }) => ({
			type,
			payload_schema: payloadSchema,
			cpu_units: cpuUnits,
			memory_mb: memoryMb,
		})),
	)

/** A database of the test file's own with the built-in types, checked after each test; a server and a client of it. */
export function useServer<Context>(test: TestFn<Context>, options: StartOptions = {}): { db: Db; api: Client } {
	let made: Awaited<ReturnType<typeof makeDb>> | undefined
	let server: RunningServer | undefined
	let client: Client | undefined
	test.before(async () => {
		made = await makeDb()
		await registerBuiltInTypes(made)
		server = await startTestServer(made, options)
		client = clientOf(server.url)
	})
	test.afterEach.always('the invariants hold', async (t) => {
		t.deepEqual(await made!.breaches(), [])
	})
	test.after.always(async () => {
		await server?.stop()
		await made?.drop()
	})
	const db = new Proxy({} as Db, { get: (_, key) => made![key as keyof Db] })
	const api = new Proxy({} as Client, { get: (_, key) => client![key as keyof Client] })
	return { db, api }
}

/** Asserts that an answer is a problem of this kind. */
export function isProblem(t: ExecutionContext, { status, headers, body }: Answer, http: number, code: string, details: Json = {}): void {
	t.is(status, http, JSON.stringify(body))
	t.is(headers.get('content-type'), 'application/problem+json; charset=utf-8')
	t.like(body, { type: `urn:taskq:problem:${code}`, code, status: http, ...details })
	t.is(typeof body.detail, 'string')
	t.truthy(body.hint, 'every error tells its reader what to do next')
}

/** Looks again and again until what it sees is no longer undefined or false. */
export interface TestStream {
	ws: WebSocket
	/** All messages so far. */
	messages: Json[]
	send: (message: unknown) => void
	/** The first message, come or to come, that is like this. */
	find: (wanted: (message: Json) => boolean) => Promise<Json>
	/** Code and reason, when it is closed. */
	closed: Promise<{ code: number; reason: string }>
}

/** Connects to the stream and waits for its hello. */
export async function openStream(url: string, query = '', headers: Record<string, string> = {}): Promise<TestStream> {
	const ws = new WebSocket(`${url.replace('http', 'ws')}/jobs/stream${query}`, { headers })
	const messages: Json[] = []
	ws.on('message', (data) => void messages.push(JSON.parse(String(data))))
	const closed = new Promise<{ code: number; reason: string }>((resolve) =>
		ws.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
	)
	const find = (wanted: (message: Json) => boolean) => until(() => messages.find(wanted))
	await new Promise((resolve, reject) => ws.on('open', resolve).on('error', reject))
	await find(({ type }) => type === 'hello')
	return { ws, messages, send: (message) => ws.send(typeof message === 'string' ? message : JSON.stringify(message)), find, closed }
}
