import fs from 'node:fs'
import test from 'ava'
import { z } from 'zod'
import { task } from '../../worker/task.ts'
import { submit, useDb } from '../support/db.ts'
import { startWorker, whenStatus } from '../support/worker.ts'
import { tasks } from './fixture-tasks.ts'

const db = useDb(test)
const once = { retry_config: { max_attempts: 1 } }

test.serial('a thread computes, logs, tells how far it is and asks for its parents', async (t) => {
	await startWorker(t, db, tasks)
	const parent = await submit(db, { type: 'quick' })

	const { id } = await submit(db, { type: 'thread_sum', payload: { upTo: 1000 }, depends_on: [parent.id] })

	const job = await whenStatus(db, id, 'completed')
	t.deepEqual(job.result, { sum: 500_500, parents: 1 })
	t.deepEqual(await db.rows('select message, data from taskq.job_logs where job_id = $1', [id]), [
		{ message: 'adding', data: { upTo: 1000 } },
	])
})

test.serial('what a thread throws keeps its meaning', async (t) => {
	await startWorker(t, db, tasks)

	const [fatal, later, plain] = await Promise.all(
		['fatal', 'later', 'plain'].map((kind) => submit(db, { type: 'thread_throw', payload: { kind }, ...(kind === 'plain' ? once : {}) })),
	)

	t.is((await whenStatus(db, fatal!.id, 'failed')).reason, 'fatal')
	t.true((await whenStatus(db, later!.id, 'retrying')).due_at - Date.now() > 3_000_000)
	t.like((await whenStatus(db, plain!.id, 'failed')).error, { name: 'RangeError', message: 'plain' })
	await db.query('select taskq.cancel_job($1)', [later!.id])
})

test.serial('a thread that computes for ever is killed at its timeout and the worker goes on', async (t) => {
	await startWorker(t, db, tasks, { threads: 1 })

	const spinning = await submit(db, { type: 'thread_spin', ...once })
	const job = await whenStatus(db, spinning.id, 'failed')
	const after = await submit(db, { type: 'thread_sum', payload: { upTo: 2 } })

	t.is(job.error.name, 'TimeoutError')
	t.like((await whenStatus(db, after.id, 'completed')).result, { sum: 3 })
})

test.serial('a thread that eats memory ends with its job and not with its worker', async (t) => {
	await startWorker(t, db, tasks, { threads: 1, memoryMb: 64 })

	const hungry = await submit(db, { type: 'thread_hungry', ...once })
	const job = await whenStatus(db, hungry.id, 'failed')
	const after = await submit(db, { type: 'quick', payload: { still: 'here' } })

	t.regex(job.error.message, /memory/i)
	t.deepEqual((await whenStatus(db, after.id, 'completed')).result, { still: 'here' })
})

const command = (type: string, script: string, timeoutSeconds = 60) =>
	task({ type, payload: z.looseObject({}), isolation: 'process', command: ['sh', '-c', script], timeoutSeconds })

/** Z is a process that has ended and that nobody has asked about yet. */
const stateOf = (pid: number) => {
	const file = `/proc/${pid}/stat`
	return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split(') ')[1]! : 'gone'
}

test.serial('a command gets its payload on stdin and answers on stdout; stderr goes into the log', async (t) => {
	await startWorker(t, db, [command('command_cat', 'echo hello >&2; cat')])

	const { id } = await submit(db, { type: 'command_cat', payload: { a: [1, 'zwei'] } })

	t.deepEqual((await whenStatus(db, id, 'completed')).result, { a: [1, 'zwei'] })
	t.deepEqual(await db.rows('select message from taskq.job_logs where job_id = $1', [id]), [{ message: 'hello' }])
})

test.serial('a command that ends with another status than 0 fails, and for good with 65', async (t) => {
	await startWorker(t, db, [command('command_exit', 'exit $(cat | tr -dc 0-9)')])

	const failing = await submit(db, { type: 'command_exit', payload: { status: 3 }, ...once })
	const fatal = await submit(db, { type: 'command_exit', payload: { status: 65 } })

	t.regex((await whenStatus(db, failing.id, 'failed')).error.message, /status 3/)
	t.is((await whenStatus(db, fatal.id, 'failed')).reason, 'fatal')
})

test.serial('a command that overruns is killed with everything that it started', async (t) => {
	await startWorker(t, db, [command('command_hang', 'trap "" TERM; sleep 3600 & echo $! >&2; wait; wait', 1)])

	const { id } = await submit(db, { type: 'command_hang', ...once })
	const job = await whenStatus(db, id, 'failed')

	const { message } = await db.row('select message from taskq.job_logs where job_id = $1', [id])
	t.is(job.error.name, 'TimeoutError')
	t.regex(stateOf(Number(message)), /^(gone|Z)/)
})

test.serial('a command that does not exist fails its job with the reason', async (t) => {
	await startWorker(t, db, [
		task({ type: 'command_missing', payload: z.looseObject({}), isolation: 'process', command: ['/no/such/program'] }),
	])

	const { id } = await submit(db, { type: 'command_missing', ...once })

	t.regex((await whenStatus(db, id, 'failed')).error.message, /ENOENT/)
})
