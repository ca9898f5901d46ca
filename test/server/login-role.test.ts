import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import test from 'ava'
import { useDb } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { clientOf, openStream } from './support.ts'

const db = useDb(test)
const root = path.resolve(import.meta.dirname, '../..')
const ROLES = 'taskq_reader, taskq_client, taskq_worker, taskq_operator, taskq_admin'

function run(program: string, args: string[], env: Record<string, string>) {
	const { DATABASE_URL, npm_lifecycle_event, ...rest } = process.env
	const child = spawn(process.execPath, [path.join(root, program), ...args], { env: { ...rest, ...env } })
	const lines: string[] = []
	for (const output of [child.stdout, child.stderr]) createInterface({ input: output }).on('line', (line) => void lines.push(line))
	return { child, lines, ended: once(child, 'close') as Promise<[number | null, string | null]> }
}

/** Where a server listens that logs these lines. */
const listening = (lines: string[]): Promise<string> =>
	until(() => lines.map((line) => (line.startsWith('{') ? JSON.parse(line) : {})).find(({ msg }) => msg === 'listening')?.url)

/** A login role that has nothing of its own and inherits nothing: it may only become one of taskq's roles. */
async function makeLogin(): Promise<{ name: string; url: string }> {
	const name = `app_${new URL(db.url).pathname.slice(3)}`
	const { version } = await db.row(`select current_setting('server_version_num')::int as version`)
	await db.query(`create role ${name} login noinherit password 'app'`)
	await db.query(`grant ${ROLES} to ${name}${version >= 160_000 ? ' with inherit false, set true' : ''}`)
	return { name, url: Object.assign(new URL(db.url), { username: name, password: 'app' }).href }
}

test('a server whose login may not act as taskq says what to grant, and goes on once that is done', async (t) => {
	const name = `lone_${new URL(db.url).pathname.slice(3)}`
	await db.query(`create role ${name} login noinherit password 'lone'`)
	const server = run('server/main.ts', [], {
		DATABASE_URL: Object.assign(new URL(db.url), { username: name, password: 'lone' }).href,
		...{ API_PORT: '0', LOG_LEVEL: 'info' },
	})
	const api = clientOf(await listening(server.lines))

	const refused = await api.get('/readyz')
	await db.query(`grant ${ROLES} to ${name}`)
	await until(async () => (await api.get('/readyz')).status === 200)
	server.child.kill('SIGTERM')
	await server.ended
	await db.query(`drop role ${name}`)

	t.is(refused.status, 503)
	t.regex(refused.body.reason, /grant taskq_operator/)
})

test('a login that inherits nothing is enough for the server, the worker and the keys', async (t) => {
	const { name, url } = await makeLogin()
	const login = await db.client()
	await login.query(`set session authorization ${name}`)
	const alone = await login.query('select taskq.stream_position()').then(
		() => 'allowed',
		({ code }) => code,
	)

	const env = { DATABASE_URL: url, API_PORT: '0', JOB_TTL_SECONDS: '3600', LOG_LEVEL: 'info' }
	const processes = [run('server/main.ts', [], env), run('worker/main.ts', [], env)] as const
	const base = await listening(processes[0].lines)
	const made = run(
		'server/key.ts',
		['--name', 'me', '--role', 'taskq_operator', '--queues', 'default,other', '--expires', '2100-01-01T00:00:00Z'],
		env,
	)
	t.deepEqual(await made.ended, [0, null], made.lines.join('\n'))
	const key = made.lines.find((line) => line.startsWith('taskq_'))!
	const headers = { Authorization: `Bearer ${key}` }
	const api = clientOf(base)

	await until(async () => (await api.get('/task-types')).body.task_types?.length > 0)
	const stream = await openStream(base, '', headers)
	const { body } = await api.post('/jobs', { type: 'echo', payload: { message: 'hi' } }, headers)
	await until(async () => (await api.get(`/jobs/${body.id}`, headers)).body.status === 'completed')
	await stream.find(({ event, job_id }) => event === 'job_completed' && job_id === body.id)
	const paused = await api.send('PUT', '/queues/default/pause', undefined, headers)
	const graphql = await until(async () => (await api.post('/graphql', { query: '{ listJobs { jobId } }' }, headers)).body.data?.listJobs)
	stream.ws.terminate()
	const steps = []
	const id = key.split('_')[1]!
	for (const args of [
		['--rotate', id, '--grace', '60'],
		['--list'],
		['--revoke', id],
		['--revoke', 'nobody'],
		['--name', 'x', '--revoke', id],
	]) {
		const step = run('server/key.ts', args, env)
		steps.push({ code: (await step.ended)[0], said: step.lines.join('\n') })
	}
	const { rows } = await login
		.query(`reset session authorization; select actor, role, door from taskq_private.audit_log where action = 'pause_queue'`)
		.then((results) => (results as unknown as { rows: unknown[] }[])[1]!)

	t.is(alone, '42501')
	t.is(paused.status, 200)
	t.is(graphql.length, 1)
	t.deepEqual(rows, [{ actor: `${name}/me`, role: 'taskq_operator', door: 'rest' }])
	t.deepEqual(
		steps.map(({ code }) => code),
		[0, 0, 0, 1, 2],
		JSON.stringify(steps),
	)
	t.regex(steps[0]!.said, /^taskq_[0-9a-f]{12}_[0-9a-f]{64}$/m)
	t.true(steps[1]!.said.includes(id) && !steps[1]!.said.includes(key.split('_')[2]!))
	t.regex(steps[3]!.said, /no api key nobody/)
	for (const { child } of processes) child.kill('SIGTERM')
	for (const { ended, lines } of processes) t.is((await ended)[0], 0, lines.join('\n'))
	const { owned } = await db.row('select count(*)::int as owned from pg_shdepend where refobjid = $1::regrole and deptype = $2', [
		name,
		'o',
	])
	t.is(owned, 0)
	await db.query(`drop role ${name}`)
})
