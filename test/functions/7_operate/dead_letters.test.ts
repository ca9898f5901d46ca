import { randomUUID } from 'node:crypto'
import test from 'ava'
import { call, callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { submitGraph, submitWorkflow, workflowOf } from '../../support/graph.ts'
import { errorOf, jobIn, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const retryAll = async (type: string | null, queue: string | null = null, maxJobs = 1000, withDependents = false) =>
	(await callOne<{ retried: number }>(db.pool, 'retryDeadLetters', [type, queue, maxJobs, withDependents])).retried
const discardAll = async (type: string | null, queue: string | null = null, maxJobs = 1000) =>
	(await callOne<{ discarded: number }>(db.pool, 'discardDeadLetters', [type, queue, maxJobs])).discarded
const deadLetters = async (type: string) =>
	(await db.rows('select job_id from taskq.dead_letters where type = $1 order by job_id', [type])).map((r) => r.job_id)

test.serial('the view shows what failed for good, and why', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({ payload: { a: 1 }, queue: 'mail', name: 'mine', metadata: { m: 1 } })
	await jobIn(stage, 'cancelled')
	await stage.failAll()

	const letters = await db.rows('select * from taskq.dead_letters where type = $1', [stage.type])

	t.is(letters.length, 1)
	t.like(letters[0], { job_id: id, name: 'mine', queue: 'mail', reason: 'fatal', attempt: 1, payload: { a: 1 }, metadata: { m: 1 } })
})

test.serial('all dead letters are retried, oldest first, so many a call', async (t) => {
	await discardAll(null)
	const stage = await makeStage(db)
	const ids = await stage.submit(...Array(5).fill({}))
	await stage.failAll()

	const counts = [await retryAll(null, null, 2), await deadLetters(stage.type), await retryAll(null), await retryAll(null)]

	t.deepEqual(counts, [2, ids.slice(2), 3, 0])
	t.deepEqual(new Set(await Promise.all(ids.map(stage.status))), new Set(['ready']))
})

test.serial('dead letters of a type or a queue are retried alone', async (t) => {
	const [stage, other] = [await makeStage(db), await makeStage(db)]
	await stage.submit({ queue: 'q1' }, { queue: 'q2' })
	await other.submit({ queue: 'q1' })
	await stage.failAll()
	await other.failAll()

	t.deepEqual(
		[await retryAll(stage.type, 'q1'), await retryAll(stage.type, 'q1'), await retryAll(null, 'q1'), await retryAll(stage.type)],
		[1, 0, 1, 1],
	)
})

test.serial('a dead letter is discarded with all that is known of it', async (t) => {
	const stage = await makeStage(db)
	const parent = await jobIn(stage, 'completed')
	const id = await stage.submitOne({ idempotency_key: 'once', depends_on: [parent] })
	const { claim_id } = await stage.claim()
	await call(db.pool, 'logJobs', [JSON.stringify([{ claim_id, job_id: id, message: 'x' }])])
	await db.query(`select taskq.fail_job($1, $2, 'no', true)`, [claim_id, id])

	await call(db.pool, 'discardJob', [id])

	for (const table of ['job_specs', 'finished_jobs', 'job_attempts', 'job_logs', 'job_dependencies', 'idempotency_keys'])
		t.is((await db.rows(`select from taskq_private.${table} where job_id = $1`, [id])).length, 0, table)
	t.is(await stage.status(parent), 'completed')
})

for (const state of ['pending', 'ready', 'running', 'retrying', 'blocked', 'completed', 'cancelled']) {
	test.serial(`a job that is ${state} cannot be discarded: TQ409 with the state`, async (t) => {
		const stage = await makeStage(db)
		const id = await jobIn(stage, state)

		t.like(await errorOf(call(db.pool, 'discardJob', [id])), { code: 'TQ409', detail: state })
		t.is(await stage.status(id), state)
	})
}

test.serial('a job that does not exist is answered TQ404', async (t) => {
	t.is(await sqlState(call(db.pool, 'discardJob', [randomUUID()])), 'TQ404')
})

test.serial('dead letters are discarded by type and queue, oldest first, so many a call', async (t) => {
	const [stage, other] = [await makeStage(db), await makeStage(db)]
	const ids = await stage.submit({ queue: 'd1' }, { queue: 'd1' }, { queue: 'd2' })
	await other.submit({ queue: 'd1' })
	await stage.failAll()
	await other.failAll()

	const counts = [
		await discardAll(stage.type, 'd1', 1),
		await deadLetters(stage.type),
		await discardAll(null, 'd1'),
		await discardAll(stage.type),
	]

	t.deepEqual(counts, [1, ids.slice(1), 2, 1])
	t.is((await db.row('select count(*)::int as n from taskq.jobs where type = any ($1)', [[stage.type, other.type]])).n, 0)
})

test.serial('a dead letter that a held job waits for cannot be discarded, until that has ended', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], held: { depends_on: ['a'], on_dependency_failure: 'hold' }, b: [] })
	await stage.failAll()

	t.like(await errorOf(call(db.pool, 'discardJob', [ids.a])), { code: 'TQ409', detail: 'failed' })
	t.is(await discardAll(stage.type), 1)
	t.deepEqual(await deadLetters(stage.type), [ids.a])
	await db.query('select taskq.cancel_job($1)', [ids.held])
	await call(db.pool, 'discardJob', [ids.a])
	t.deepEqual(await deadLetters(stage.type), [])
})

test.serial('the last job of a workflow takes that with it, another does not', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: [] })
	await stage.failAll()
	await call(db.pool, 'discardJob', [ids.a])
	const before = await workflowOf(db, id)

	await call(db.pool, 'discardJob', [ids.b])

	t.like(before, { status: 'failed', job_count: 2, failed_count: 2 })
	t.is(await sqlState(workflowOf(db, id)), 'TQ404')
})

test.serial('who retried all dead letters is written down, with how many there were', async (t) => {
	const stage = await makeStage(db)
	await stage.submit({}, {})
	await stage.failAll()
	await retryAll(stage.type, null, 1000, true)

	const { details } = await db.row(`select details from taskq_private.audit_log where action = 'retry_dead_letters' and target = $1`, [
		stage.type,
	])

	t.deepEqual(details, { with_dependents: true, retried: 2 })
})
