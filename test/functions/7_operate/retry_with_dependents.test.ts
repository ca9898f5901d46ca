import test from 'ava'
import { call, callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { complete, fail, statusesOf, submitGraph } from '../../support/graph.ts'
import { errorOf, makeStage } from '../../support/stage.ts'

const db = useDb(test)

const retry = async (id: string, withDependents = true) =>
	(await callOne<{ status: string }>(db.pool, 'retryJob', [id, withDependents])).status
const cancel = (id: string) => call(db.pool, 'cancelJob', [id, null])

test('a chain that was cancelled because of its first job comes back to its end, and runs', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], b: ['a'], c: ['b'], d: ['c'] })
	await stage.failAll()

	t.is(await retry(ids.a!), 'ready')
	const after = await statusesOf(stage, ids)
	for (let step = 0; step < 4; step++) await stage.completeAll()

	t.deepEqual(after, { a: 'ready', b: 'blocked', c: 'blocked', d: 'blocked' })
	t.deepEqual(await statusesOf(stage, ids), { a: 'completed', b: 'completed', c: 'completed', d: 'completed' })
	t.like(await stage.job(ids.d!), { error: null, reason: null, attempt: 1 })
})

test('without its dependents it comes back alone', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], b: ['a'], held: { depends_on: ['a'], on_dependency_failure: 'hold' } })
	await stage.failAll()

	await retry(ids.a!, false)

	t.deepEqual(await statusesOf(stage, ids), { a: 'ready', b: 'cancelled', held: 'blocked' })
})

test('a diamond with two failed parents comes back when both have been retried, and not before', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { left: [], right: [], bottom: ['left', 'right'], below: ['bottom'] })
	await fail(stage, ids.left!)
	await fail(stage, ids.right!)

	await retry(ids.left!)
	const between = await statusesOf(stage, ids)
	await retry(ids.right!)

	t.deepEqual(between, { left: 'ready', right: 'failed', bottom: 'cancelled', below: 'cancelled' })
	t.deepEqual(await statusesOf(stage, ids), { left: 'ready', right: 'ready', bottom: 'blocked', below: 'blocked' })
	await stage.completeAll()
	t.is(await stage.status(ids.bottom!), 'ready')
})

test('one that comes back counts the parents that have ended well meanwhile', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { bad: [], good: [], late: [], child: ['bad', 'good', 'late'] })
	await fail(stage, ids.bad!)
	await complete(stage, ids.good!)

	await retry(ids.bad!)

	t.like(await stage.job(ids.child!), { status: 'blocked', remaining_dependencies: 2 })
	await complete(stage, ids.bad!, ids.late!)
	t.is(await stage.status(ids.child!), 'ready')
})

test('a job that someone cancelled stays cancelled, and so does what waits for it', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], b: ['a'], c: ['b'], d: ['a', 'c'] })
	await cancel(ids.b!)
	await stage.failAll()

	await retry(ids.a!)

	t.deepEqual(await statusesOf(stage, ids), { a: 'ready', b: 'cancelled', c: 'cancelled', d: 'cancelled' })
})

test('what someone cancelled in the middle comes back with what it had cancelled', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], b: ['a'], c: ['b'] })
	await cancel(ids.b!)

	t.is(await retry(ids.b!), 'blocked')
	t.deepEqual(await statusesOf(stage, ids), { a: 'ready', b: 'blocked', c: 'blocked' })
})

test('held children are there already, and what waited for them has never been cancelled', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], held: { depends_on: ['a'], on_dependency_failure: 'hold' }, below: ['held'] })
	await stage.failAll()

	await retry(ids.a!)
	const events = await db.rows(`select from taskq_private.job_events where event = 'job_replayed' and job_ids @> array[$1::uuid]`, [
		ids.held,
	])
	for (let step = 0; step < 3; step++) await stage.completeAll()

	t.is(events.length, 0)
	t.deepEqual(await statusesOf(stage, ids), { a: 'completed', held: 'completed', below: 'completed' })
})

test('what ran because of a failure or an end is not run again', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, {
		a: [],
		alarm: [{ job: 'a', condition: 'failure' }],
		cleanup: [{ job: 'a', condition: 'finished' }],
		next: ['a'],
	})
	await stage.failAll()
	await stage.completeAll()

	await retry(ids.a!)
	await stage.completeAll()

	t.deepEqual(await statusesOf(stage, ids), { a: 'completed', alarm: 'completed', cleanup: 'completed', next: 'ready' })
})

test('an alarm of a job that was cancelled comes back with it, and is skipped when that completes', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], alarm: [{ job: 'a', condition: 'failure' }] })
	await cancel(ids.a!)
	const before = await stage.status(ids.alarm!)

	await retry(ids.a!)
	const between = await stage.status(ids.alarm!)
	await stage.completeAll()

	t.deepEqual([before, between], ['cancelled', 'blocked'])
	t.like(await stage.job(ids.alarm!), { status: 'cancelled', reason: 'dependency' })
	t.is((await stage.job(ids.alarm!)).error?.culprit_status, 'completed')
})

test('before their run_at, jobs that come back are pending, or go on being blocked', async (t) => {
	const stage = await makeStage(db)
	const run_at = new Date(Date.now() + 3_600_000).toISOString()
	const ids = await submitGraph(db, stage, { a: { run_at }, b: { depends_on: ['a'], run_at }, c: { depends_on: ['a'] } })
	await cancel(ids.a!)

	t.is(await retry(ids.a!), 'pending')
	t.deepEqual(await statusesOf(stage, ids), { a: 'pending', b: 'blocked', c: 'blocked' })
	t.is(new Date((await stage.job(ids.b!)).due_at).toISOString(), run_at)
})

test('dead letters can be retried with what was cancelled because of them', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], b: [], c: ['a', 'b'], d: ['c'] })
	await stage.failAll()

	const { retried } = await callOne<{ retried: number }>(db.pool, 'retryDeadLetters', [stage.type, null, 1000, true])

	t.is(retried, 2)
	t.deepEqual(await statusesOf(stage, ids), { a: 'ready', b: 'ready', c: 'blocked', d: 'blocked' })
})

test('a job that asks for what can no longer be is refused, with the state that stands in the way', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], alarm: [{ job: 'a', condition: 'failure' }], b: [], c: ['b'] })
	await complete(stage, ids.a!)
	await cancel(ids.b!)

	t.like(await errorOf(retry(ids.alarm!)), { code: 'TQ409', detail: 'completed' })
	t.like(await errorOf(retry(ids.c!)), { code: 'TQ409', detail: 'cancelled' })
	t.deepEqual(await statusesOf(stage, ids), { a: 'completed', alarm: 'cancelled', b: 'cancelled', c: 'cancelled' })
})

test('one that is to be held may wait again for a parent that failed, and for none that was deleted', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], held: { depends_on: ['a'], on_dependency_failure: 'hold' }, child: ['a'] })
	await stage.failAll()
	await cancel(ids.held!)

	const again = await retry(ids.held!)
	await cancel(ids.held!)
	await call(db.pool, 'discardJob', [ids.a])

	t.is(again, 'blocked')
	for (const id of [ids.held!, ids.child!]) {
		const error = await errorOf(retry(id))
		t.like(error, { code: 'TQ409', detail: 'deleted' })
		t.regex(error.message!, /deleted/)
	}
})
