import test from 'ava'
import { z } from 'zod'
import { FatalError, RetryAfterError, task } from '../../worker/task.ts'
import { statusOf, submit, useDb } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { anyTask, startWorker, whenStatus } from '../support/worker.ts'

const db = useDb(test)

test.serial('a job is run and its result kept', async (t) => {
	const double = task({ type: 'double', payload: z.object({ n: z.number(), times: z.number().default(2) }) }, ({ n, times }) => ({
		result: n * times,
	}))
	await startWorker(t, db, [double])

	const { id } = await submit(db, { type: 'double', payload: { n: 21 } })

	const job = await whenStatus(db, id, 'completed')
	t.deepEqual(job.result, { result: 42 })
	t.is(job.attempt, 1)
})

test.serial('an error is retried until the attempts are used up, then the job is a dead letter', async (t) => {
	let tries = 0
	const flaky = anyTask('flaky', async () => {
		tries++
		throw new TypeError(`try ${tries}`)
	})
	await startWorker(t, db, [flaky])

	const { id } = await submit(db, { type: 'flaky', retry_config: { max_attempts: 3, initial_delay_seconds: 0.01, jitter: 0 } })

	const job = await whenStatus(db, id, 'failed')
	t.is(tries, 3)
	t.is(job.reason, 'attempts_exhausted')
	t.like(job.error, { name: 'TypeError', message: 'try 3' })
	t.deepEqual(
		(await db.rows('select attempt, outcome from taskq.job_executions where job_id = $1 order by claim_id', [id])).map((e) => [
			e.attempt,
			e.outcome,
		]),
		[
			[1, 'failed'],
			[2, 'failed'],
			[3, 'failed'],
		],
	)
})

test.serial('a FatalError fails the job at once', async (t) => {
	const fatal = anyTask('fatal', () => {
		throw new FatalError('no use')
	})
	await startWorker(t, db, [fatal])

	const { id } = await submit(db, { type: 'fatal' })

	const job = await whenStatus(db, id, 'failed')
	t.is(job.reason, 'fatal')
	t.is(job.attempt, 1)
})

test.serial('a RetryAfterError decides when the next attempt comes', async (t) => {
	const later = anyTask('later', () => {
		throw new RetryAfterError(3600, 'busy')
	})
	await startWorker(t, db, [later])

	const { id } = await submit(db, { type: 'later' })

	const job = await whenStatus(db, id, 'retrying')
	const { seconds } = await db.row('select extract(epoch from $1::timestamptz - now())::integer as seconds', [job.due_at])
	t.true(seconds > 3000 && seconds <= 3600)
	await db.query('select taskq.cancel_job($1)', [id])
})

test.serial('a payload that the stored schema let through is checked again by the task', async (t) => {
	const picky = task({ type: 'picky', payload: z.object({ even: z.number().refine((n) => n % 2 === 0, 'must be even') }) }, () => 1)
	await startWorker(t, db, [picky])

	const { id } = await submit(db, { type: 'picky', payload: { even: 3 } })

	const job = await whenStatus(db, id, 'failed')
	t.is(job.reason, 'fatal')
	t.regex(job.error.message, /even: must be even/)
})

test.serial('NUL and half a surrogate pair in a result, an error and a log are stored escaped', async (t) => {
	const odd = anyTask('odd', (_payload, job) => {
		job.log.info('log \0 and \ud800', { data: '\0' })
		if (job.attempt === 1) throw new Error('error \0')
		return { 'key \0': 'half \udc00', list: ['\0'] }
	})
	await startWorker(t, db, [odd])

	const { id } = await submit(db, { type: 'odd', retry_config: { initial_delay_seconds: 0 } })

	const job = await whenStatus(db, id, 'completed')
	const executions = await db.rows('select error from taskq.job_executions where job_id = $1 and outcome = $2', [id, 'failed'])
	const logs = await db.rows('select message, data from taskq.job_logs where job_id = $1 order by log_id', [id])
	t.deepEqual(job.result, { 'key \\u0000': 'half \\udc00', list: ['\\u0000'] })
	t.is(executions[0]!.error.message, 'error \\u0000')
	t.deepEqual(logs[0], { message: 'log \\u0000 and \\ud800', data: { data: '\\u0000' } })
})

test.serial('a result that JSON cannot hold, or that is too large, fails its job and no other', async (t) => {
	const results: Record<string, () => unknown> = {
		bigint: () => 1n,
		large: () => 'x'.repeat(1.5 * 2 ** 20),
		good: () => 'fine',
	}
	const odd = anyTask('odd_result', async ({ kind }) => results[kind]!())
	await startWorker(t, db, [odd])

	const [bigint, large, good] = await Promise.all(
		['bigint', 'large', 'good'].map((kind) => submit(db, { type: 'odd_result', payload: { kind } })),
	)

	t.regex((await whenStatus(db, bigint!.id, 'failed')).error.message, /not JSON/)
	t.regex((await whenStatus(db, large!.id, 'failed')).error.message, /store it elsewhere/)
	t.is((await whenStatus(db, good!.id, 'completed')).result, 'fine')
})

test.serial('a result that the database refuses fails its job and keeps no other from being recorded', async (t) => {
	const deep = anyTask('deep', ({ depth }) => Array.from({ length: depth }).reduce((inner) => [inner], 1 as unknown))
	await db.query(`alter database ${new URL(db.url).pathname.slice(1)} set max_stack_depth = '300kB'`)
	await startWorker(t, db, [deep])

	const [flat, tower] = await Promise.all([1, 3_000].map((depth) => submit(db, { type: 'deep', payload: { depth } })))

	t.like((await whenStatus(db, tower!.id, 'failed')).error, { name: 'ResultError' })
	t.deepEqual((await whenStatus(db, flat!.id, 'completed')).result, [1])
	await db.query(`alter database ${new URL(db.url).pathname.slice(1)} reset max_stack_depth`)
})

test.serial('log data that JSON cannot hold is said in words', async (t) => {
	const circular = anyTask('circular', (_payload, job) => {
		const data: Record<string, unknown> = {}
		data.self = data
		job.log.info('round', data)
		job.progress(1, data)
	})
	await startWorker(t, db, [circular])

	const { id } = await submit(db, { type: 'circular' })

	await whenStatus(db, id, 'completed')
	t.regex((await db.row('select data from taskq.job_logs where job_id = $1', [id])).data, /circular/)
})

test.serial('what a handler logs and how far it is can be read while it runs', async (t) => {
	let finish = () => {}
	const chatty = anyTask('chatty', async (_payload, job) => {
		job.log.info('started', { step: 1 })
		job.progress(40, { rows: 4 })
		await new Promise<void>((resolve) => {
			finish = resolve
		})
		job.log.warn('ending')
	})
	await startWorker(t, db, [chatty])

	const { id } = await submit(db, { type: 'chatty' })
	const progress = await until(() => db.row('select percent, data from taskq_private.job_progress where job_id = $1', [id]))
	const early = await until(() => db.row('select level, message, data from taskq.job_logs where job_id = $1', [id]))
	finish()
	await whenStatus(db, id, 'completed')

	t.deepEqual(progress, { percent: 40, data: { rows: 4 } })
	t.deepEqual(early, { level: 'info', message: 'started', data: { step: 1 } })
	t.deepEqual(
		(await db.rows('select message from taskq.job_logs where job_id = $1 order by log_id', [id])).map((l) => l.message),
		['started', 'ending'],
	)
})

test.serial('job.complete() commits the effect and the record together, or neither', async (t) => {
	await db.query('create table effects (job_id uuid, attempt integer)')
	const exactly = anyTask('exactly', async ({ rollbackFirst }, job) => {
		const client = await db.pool.connect()
		try {
			await client.query('begin')
			await client.query('insert into effects values ($1, $2)', [job.id, job.attempt])
			await job.complete(client, { done: job.attempt })
			await client.query(rollbackFirst && job.attempt === 1 ? 'rollback' : 'commit')
		} finally {
			client.release()
		}
	})
	const warnings: string[] = []
	const log = { debug() {}, info() {}, warn: (_: object, message: string) => void warnings.push(message), error() {} }
	const worker = await startWorker(t, db, [exactly], { log })

	const straight = await submit(db, { type: 'exactly' })
	const second = await submit(db, { type: 'exactly', payload: { rollbackFirst: true }, retry_config: { initial_delay_seconds: 0 } })

	t.deepEqual((await whenStatus(db, straight.id, 'completed')).result, { done: 1 })
	t.deepEqual((await whenStatus(db, second.id, 'completed')).result, { done: 2 })
	t.deepEqual(await db.rows('select attempt from effects where job_id = $1', [second.id]), [{ attempt: 2 }])
	await worker.stop() // whatever it had to say of them is said
	t.is(await statusOf(db, straight.id), 'completed')
	t.deepEqual(warnings, [], 'nobody is warned of what went well')
})
