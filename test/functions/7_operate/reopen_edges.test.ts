import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { complete, end, fail, statusesOf, submitGraph } from '../../support/graph.ts'
import { makeStage } from '../../support/stage.ts'

const db = useDb(test)

const retry = (id: string | undefined, withDependents = false) => call(db.pool, 'retryJob', [id, withDependents])
const cancel = (id: string | undefined) => call(db.pool, 'cancelJob', [id, null])
const alarm = [{ job: 'a', condition: 'failure' }]
const cleanup = [{ job: 'a', condition: 'finished' }]

test('what a failure let go and has not started waits again when the job is replayed', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], alarm, cleanup })
	await fail(stage, ids.a!)

	await retry(ids.a)
	const between = await statusesOf(stage, ids)
	await complete(stage, ids.a!)

	t.deepEqual(between, { a: 'ready', alarm: 'blocked', cleanup: 'blocked' })
	t.deepEqual(await statusesOf(stage, ids), { a: 'completed', alarm: 'cancelled', cleanup: 'ready' })
})

test('when it fails again they are let go again', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], alarm, cleanup })
	await fail(stage, ids.a!)
	await retry(ids.a, true)

	await fail(stage, ids.a!)

	t.deepEqual(await statusesOf(stage, ids), { a: 'failed', alarm: 'ready', cleanup: 'ready' })
})

test('what has started goes on, whether it runs, is retried or has ended', async (t) => {
	const stage = await makeStage(db, { task: { initial_delay_seconds: 3600 } })
	const ids = await submitGraph(db, stage, { a: [], runs: alarm, retries: alarm, done: alarm, failed: cleanup, stopped: cleanup })
	await fail(stage, ids.a!)
	await complete(stage, ids.done!)
	await fail(stage, ids.failed!)
	await end(stage, { outcome: 'failed' }, ids.retries!)
	await end(stage, { outcome: 'cancelled' }, ids.stopped!)
	await stage.claim()

	await retry(ids.a)
	await retry(ids.stopped)

	const expected = { a: 'ready', runs: 'running', retries: 'retrying', done: 'completed', failed: 'failed', stopped: 'ready' }
	t.deepEqual(await statusesOf(stage, ids), expected)
})

test('what was claimed and given back has not started', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], alarm })
	await fail(stage, ids.a!)
	await end(stage, { outcome: 'released' }, ids.alarm!)

	await retry(ids.a)

	t.is(await stage.status(ids.alarm!), 'blocked')
})

test('before its run_at, a child is blocked and remembers when it is due', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], later: { depends_on: alarm, run_at: '2999-01-01T00:00:00Z' } })
	await fail(stage, ids.a!)
	const before = await stage.status(ids.later!)
	await retry(ids.a)

	t.is(before, 'pending')
	t.like(await stage.job(ids.later!), { status: 'blocked', due_at: '2999-01-01T00:00:00+00:00', remaining_dependencies: 1 })
	await fail(stage, ids.a!)
	t.is(await stage.status(ids.later!), 'pending')
})

test('a child that waits for others too counts the edge again', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { b: [], a: [], child: [...cleanup, 'b'] })
	await fail(stage, ids.a!)
	const before = (await stage.job(ids.child!)).remaining_dependencies

	await retry(ids.a)

	t.is(before, 1)
	t.like(await stage.job(ids.child!), { status: 'blocked', remaining_dependencies: 2 })
})

test('a child that someone cancelled stays so, and waits for the replayed job when it comes back itself', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], alarm })
	await fail(stage, ids.a!)
	await cancel(ids.alarm)

	await retry(ids.a, true)
	const between = await stage.status(ids.alarm!)
	await retry(ids.alarm)

	t.is(between, 'cancelled')
	t.like(await stage.job(ids.alarm!), { status: 'blocked', remaining_dependencies: 1 })
})

test('a job that comes back with another makes what its end let go wait again', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { top: [], a: ['top'], cleanup, below: ['cleanup'] })
	await fail(stage, ids.top!)
	const before = await statusesOf(stage, ids)

	await retry(ids.top, true)

	t.deepEqual(before, { top: 'failed', a: 'cancelled', cleanup: 'ready', below: 'blocked' })
	t.deepEqual(await statusesOf(stage, ids), { top: 'ready', a: 'blocked', cleanup: 'blocked', below: 'blocked' })
})

test('the stream is told of those that are blocked again', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], alarm, cleanup })
	await fail(stage, ids.a!)
	await retry(ids.a)

	const { job_ids } = await db.row(
		`select job_ids from taskq_private.job_events where event = 'job_blocked' and job_ids @> array[$1::uuid]`,
		[ids.alarm],
	)

	t.deepEqual(job_ids.sort(), [ids.alarm, ids.cleanup].sort())
})
