import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { parse } from 'yaml'
import { freePort } from '../db/embedded-process.ts'
import { submit, useDb } from './support/db.ts'
import { until } from './support/patience.ts'
import { whenStatus } from './support/worker.ts'

const db = useDb(test)
const root = new URL('..', import.meta.url).pathname

interface Service {
	command: string[]
	environment: Record<string, string | number>
	healthcheck: { test: string[] }
}
const { services } = parse(fs.readFileSync(`${root}docker-compose.yml`, 'utf8'), { merge: true }) as { services: Record<string, Service> }

/** What compose does with ${NAME:-default} when NAME is not set. */
const plain = (value: string | number) => String(value).replace(/\$\{\w+:-([^}]*)\}/g, '$1')

function run(
	t: ExecutionContext,
	[program, ...args]: string[],
	service: string,
	env: Record<string, string> = {},
): ChildProcess & { output: () => string } {
	const given = Object.fromEntries(Object.entries(services[service]!.environment).map(([name, value]) => [name, plain(value)]))
	const child = spawn(program!, args, { cwd: root, env: { PATH: process.env.PATH, ...given, DATABASE_URL: db.url, ...env } })
	let output = ''
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
	t.teardown(() => child.kill('SIGKILL'))
	return Object.assign(child, { output: () => output })
}

test.serial('the commands of docker-compose.yml run as they stand', async (t) => {
	const port = String(await freePort())
	const migrate = run(t, services.migrate!.command, 'migrate')
	const [migrated] = await once(migrate, 'exit')
	const key = run(t, ['node', 'server/key.ts', '--name', 'me', '--role', 'taskq_operator'], 'migrate')
	await once(key, 'exit')
	const server = run(t, services.server!.command, 'server', { API_PORT: port })
	const worker = run(t, services.worker!.command, 'worker')
	const [, ...health] = services.server!.healthcheck.test.map((word) => word.replace(':8000/', `:${port}/`))

	await until(() => spawnSync(health[0]!, health.slice(1)).status === 0)
	await until(() => worker.output().includes('the worker is ready'))
	const { id } = await submit(db, { type: 'math', payload: { operation: 'add', a: 5, b: 3 } })
	const job = await whenStatus(db, id, 'completed')
	server.kill('SIGTERM')
	worker.kill('SIGTERM')
	const ends = await Promise.all([once(server, 'exit'), once(worker, 'exit')])

	t.is(migrated, 0, migrate.output())
	t.regex(key.output(), /taskq_\w+_\w+/)
	t.deepEqual(job.result, { result: 8 })
	t.deepEqual(
		ends.map(([code]) => code),
		[0, 0],
		server.output() + worker.output(),
	)
})

const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0
const ifCompose = hasCompose ? test : test.skip
ifCompose('docker compose accepts docker-compose.yml (skipped where there is no docker compose)', (t) => {
	t.notThrows(() => execFileSync('docker', ['compose', 'config', '--quiet'], { cwd: root }))
})
