import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { settingNames } from '../../db/settings.ts'
import { makeProxy } from '../faults/proxy.ts'
import { useDb } from '../support/db.ts'
import { bePatient, until } from '../support/patience.ts'
import { clientOf } from './support.ts'

// Every long-lived part comes back by itself, at whatever moment its database goes: while it starts, migrates, or runs.

const db = useDb(test)

function start(t: ExecutionContext, program: string, env: Record<string, string>) {
	const settings = Object.fromEntries(settingNames.map((name) => [name, undefined]))
	const child = spawn(process.execPath, [program], { stdio: 'pipe', env: { ...process.env, ...settings, API_PORT: '0', ...env } })
	let output = ''
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
	t.teardown(() => child.kill('SIGKILL'))
	return Object.assign(child, { output: () => output })
}

test('a process that brings up everything outlives a database that comes and goes from its first moment on', async (t) => {
	bePatient(t)
	const proxy = await makeProxy(db.url)
	const started = start(t, 'server/start.ts', { DATABASE_URL: proxy.url })
	await until(() => started.output().includes('cannot migrate yet'))
	for (let n = 0; n < 30; n++) {
		await proxy.open()
		await sleep(20 * n)
		await proxy.close()
	}

	await proxy.open()
	const url = await until(() => {
		if (started.exitCode !== null) throw new Error(`it has ended: ${started.output()}`)
		return /ready after .* Open (http:\S+)\/graphiql/.exec(started.output())?.[1]
	})
	// it may have been ready before the last time that the database went, and answer 503 until it has it again
	const id = await until(async () => {
		const { status, body } = await clientOf(url).post('/jobs', { type: 'echo' })
		return status === 201 && body.id
	})
	await until(async () => (await clientOf(url).get(`/jobs/${id}`)).body.status === 'completed')

	t.is(started.exitCode, null)
	started.kill('SIGTERM')
	t.deepEqual(await once(started, 'exit'), [0, null], started.output())
	await proxy.close()
})

test('a server and a worker outlive a database that comes and goes', async (t) => {
	bePatient(t)
	const proxy = await makeProxy(db.url)
	await proxy.open()
	const server = start(t, 'server/main.ts', { DATABASE_URL: proxy.url })
	const worker = start(t, 'worker/main.ts', { DATABASE_URL: proxy.url })
	for (let n = 0; n < 20; n++) {
		await sleep(30 * n)
		await proxy.close()
		await sleep(30)
		await proxy.open()
	}

	const url = await until(() => /"url":"(http:[^"]+)"/.exec(server.output())?.[1])
	const { id } = await until(async () => {
		const answer = await clientOf(url).post('/jobs', { type: 'echo' })
		return answer.status === 201 && answer.body
	})
	await until(async () => (await clientOf(url).get(`/jobs/${id}`)).body.status === 'completed')

	t.deepEqual([server.exitCode, worker.exitCode], [null, null])
	await proxy.close()
})
