import test from 'ava'
import { z } from 'zod'
import { call, type Submitted } from '../../db/calls.ts'
import { RetryAfterError, task } from '../../worker/task.ts'
import { submit, useDb } from '../support/db.ts'
import { anyTask, startWorker, whenStatus } from '../support/worker.ts'

const db = useDb(test)

const throwing = () => {
	throw new Error('looked at')
}
const circular: Record<string, unknown> = {}
circular.self = circular
const revoked = Proxy.revocable({}, {})
revoked.revoke()

/** What a handler may throw that is no plain error. */
const thrown: Record<string, () => unknown> = {
	undefined: () => undefined,
	text: () => 'just text',
	bigint: () => 10n,
	symbol: () => Symbol('s'),
	circular: () => circular,
	hostile_to_string: () => ({ toString: throwing, toJSON: throwing }),
	revoked_proxy: () => revoked.proxy,
	hostile_message: () => Object.defineProperty(new Error(), 'message', { get: throwing }),
	stack_is_a_number: () => Object.assign(new Error('x'), { stack: 5 }),
	name_is_circular: () => Object.assign(new Error('x'), { name: circular }),
	name_is_bigint: () => Object.assign(new Error('x'), { name: 1n }),
	name_is_long: () => Object.assign(new Error('x'), { name: 'n'.repeat(2 ** 21) }),
	retry_after_words: () => new RetryAfterError('soon' as unknown as number, 'busy'),
}

test.serial('whatever a handler throws fails its job and harms no other', async (t) => {
	const odd = anyTask('odd_throw', async ({ kind }) => {
		throw thrown[kind]!()
	})
	const after = anyTask('after', () => 'ran')
	await startWorker(t, db, [odd, after])
	const kinds = Object.keys(thrown)

	const jobs = await Promise.all(
		kinds.map((kind) => submit(db, { type: 'odd_throw', payload: { kind }, retry_config: { max_attempts: 1 } })),
	)

	for (const [n, { id }] of jobs.entries()) {
		const { error, reason } = await whenStatus(db, id, 'failed')
		t.is(reason, 'attempts_exhausted', kinds[n])
		t.deepEqual([typeof error.name, typeof error.message], ['string', 'string'], kinds[n])
		t.true(error.name.length <= 200)
	}
	t.is((await whenStatus(db, (await submit(db, { type: 'after' })).id, 'completed')).result, 'ran')
})

test.serial('a handler that would change what it was given fails, and its worker goes on', async (t) => {
	const meddling = anyTask('meddling', (_payload, job) => {
		Object.assign((job as unknown as { claimed: object }).claimed, { job_id: 'changed' })
	})
	const after = anyTask('after', () => 'ran')
	await startWorker(t, db, [meddling, after])

	const { id } = await submit(db, { type: 'meddling', retry_config: { max_attempts: 1 } })

	t.is((await whenStatus(db, id, 'failed')).error.name, 'TypeError')
	t.is((await whenStatus(db, (await submit(db, { type: 'after' })).id, 'completed')).result, 'ran')
})

test.serial('what can be awaited is awaited, promise or not', async (t) => {
	// biome-ignore lint/suspicious/noThenProperty: that is what lazy query builders are
	const lazy = anyTask('lazy', () => ({ then: (resolve: (value: unknown) => void) => void setTimeout(resolve, 20, 'awaited') }))
	await startWorker(t, db, [lazy])

	const { id } = await submit(db, { type: 'lazy' })

	t.is((await whenStatus(db, id, 'completed')).result, 'awaited')
})

test.serial('a log is cut at its size, and the result beside it is kept', async (t) => {
	const loud = anyTask('loud', (_payload, job) => {
		for (let n = 0; n < 500; n++) job.log.info('x'.repeat(50_000))
		job.log.info('data', 'y'.repeat(100_000))
		return 'good'
	})
	await startWorker(t, db, [loud])

	const { id } = await submit(db, { type: 'loud' })

	t.is((await whenStatus(db, id, 'completed')).result, 'good')
	const logs = await db.rows('select message from taskq.job_logs where job_id = $1 order by log_id', [id])
	t.true(logs.length < 100)
	t.regex(logs.at(-1)!.message, /log is full/)
})

test.serial('a payload schema that throws fails its job and harms none that was claimed with it', async (t) => {
	const payload = z.looseObject({ url: z.string() }).refine(({ url }) => new URL(url).protocol === 'https:')
	const picky = task({ type: 'picky', payload }, () => 'ran')
	await call(db.pool, 'registerTaskTypes', [JSON.stringify([{ type: 'picky' }])])
	const requests = Array.from({ length: 30 }, (_, n) => ({
		type: 'picky',
		payload: { url: n === 20 ? 'no url' : 'https://x.y' },
		retry_config: { max_attempts: 1 },
	}))
	const ids = (await call<Submitted>(db.pool, 'submitEach', [JSON.stringify(requests)])).map(({ job_id }) => job_id!)

	await startWorker(t, db, [picky])

	const jobs = await Promise.all(ids.map((id, n) => whenStatus(db, id, n === 20 ? 'failed' : 'completed')))
	t.is(jobs[20]!.error.name, 'TypeError')
})
