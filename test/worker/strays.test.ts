import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'ava'
import { submit, useDb } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { spawnWorker, whenStatus } from '../support/worker.ts'

const db = useDb(test)
const ready = (worker: ReturnType<typeof spawnWorker>) => until(() => worker.output().includes('the worker is ready'))

test.serial('an exception in a callback that nobody awaits fails its own job at once, and no other', async (t) => {
	const worker = spawnWorker(t, db)
	await ready(worker)
	const beside = await submit(db, { type: 'slow', payload: { ms: 1_500 } })
	await whenStatus(db, beside.id, 'running')

	const { id } = await submit(db, { type: 'stray', retry_config: { max_attempts: 1 }, timeout_seconds: 3_600 })

	t.like(await whenStatus(db, id, 'failed'), { reason: 'attempts_exhausted', error: { message: 'let fly' } })
	t.like(await whenStatus(db, beside.id, 'completed'), { attempt: 1, result: { slept: 1_500 } })
	t.is(worker.exitCode, null)
	t.regex(worker.output(), new RegExp(`uncaught exception.* of job ${id} \\(stray, attempt 1\\); this process goes on: Error: let fly`))
})

test.serial('one in a worker thread fails the job of that thread, and the next has a thread again', async (t) => {
	const worker = spawnWorker(t, db, { WORKER_POOL_SIZE: '1' })
	await ready(worker)

	const { id } = await submit(db, { type: 'thread_stray', retry_config: { max_attempts: 1 }, timeout_seconds: 3_600 })
	const after = await submit(db, { type: 'thread_sum', payload: { upTo: 3 } })

	t.like(await whenStatus(db, id, 'failed'), { error: { message: 'let fly in a thread' } })
	t.like(await whenStatus(db, after.id, 'completed'), { attempt: 1, result: { sum: 6 } })
	t.is(worker.exitCode, null)
})

test.serial('one that comes after its job has ended is told, and changes nothing', async (t) => {
	const worker = spawnWorker(t, db)
	await ready(worker)

	const { id } = await submit(db, { type: 'stray_late' })
	await until(() => worker.output().includes('let fly after the end'))
	const after = await submit(db, { type: 'quick', payload: { still: 'here' } })

	t.is((await whenStatus(db, id, 'completed')).result, 'done')
	t.deepEqual((await whenStatus(db, after.id, 'completed')).result, { still: 'here' })
	t.regex(worker.output(), new RegExp(`of job ${id} `))
})

test.serial('a process of ours goes on after an exception of nobody, says it loudly, and still stops when asked', async (t) => {
	const program = `
		import { onStop } from './db/lifecycle.ts'
		onStop(async () => {})
		setTimeout(() => { throw new Error('of nobody, with Bearer 0123456789abcdef') }, 10)
		setTimeout(() => console.log('still here'), 100)
		setInterval(() => {}, 1000)`
	const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'pipe', env: { PATH: process.env.PATH } })
	t.teardown(() => child.kill('SIGKILL'))
	let output = ''
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
	await until(() => output.includes('still here'))

	child.kill('SIGTERM')
	const [code] = await once(child, 'exit')

	t.is(code, 0, output)
	t.regex(output, /uncaught exception.* of nobody that is known; this process goes on: Error: of nobody, with Bearer \[redacted\]/)
	t.notRegex(output, /0123456789/)
})

test.serial('a process of ours whose output nobody reads any more goes on, and does not talk to itself', async (t) => {
	const program = `
		import { onStop } from './db/lifecycle.ts'
		onStop(async () => {})
		let strays = 0
		process.on('uncaughtException', () => strays++)
		process.once('message', () => {
			for (let i = 0; i < 3; i++) setTimeout(() => console.error('to nobody'), i)
			setTimeout(() => { throw new Error('of nobody') }, 10)
			setTimeout(() => process.send(strays), 300)
		})
		process.send('here')`
	const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
		stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
		env: { PATH: process.env.PATH },
	})
	t.teardown(() => child.kill('SIGKILL'))
	await once(child, 'message')
	for (const stream of [child.stdout!, child.stderr!]) stream.destroy()

	child.send('speak')

	t.deepEqual(await once(child, 'message'), [1, undefined], 'one exception, and none about telling it')
})
