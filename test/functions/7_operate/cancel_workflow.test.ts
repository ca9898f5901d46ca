import { randomUUID } from 'node:crypto'
import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { complete, countByStatus, statusesOf, submitGraph, submitWorkflow, workflowOf } from '../../support/graph.ts'
import { errorOf, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const cancel = async (id: string, reason: string | null = null) =>
	(await callOne<{ status: string }>(db.pool, 'cancelWorkflow', [id, reason])).status
const tick = () => callOne(db.pool, 'tick', [])

test.serial('all jobs that wait are cancelled for the reason given, whichever depends on which', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, {
		last: ['b', { job: 'a', condition: 'finished' }],
		a: [],
		b: ['a'],
		later: { run_at: '2999-01-01T00:00:00Z' },
		alarm: [{ job: 'a', condition: 'failure' }],
	})

	const status = await cancel(id, 'not today')

	t.is(status, 'cancelled')
	t.deepEqual(new Set(Object.values(await statusesOf(stage, ids))), new Set(['cancelled']))
	t.like(await stage.job(ids.b!), { reason: 'requested', error: { message: 'not today' } })
	t.like(await workflowOf(db, id), { status: 'cancelled', cancelled_count: 5, cancel_reason: 'not today' })
	t.truthy((await workflowOf(db, id)).cancel_requested_at)
})

test.serial('what has ended stays, and a failure before the cancelling is no failure of the workflow any more', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: [], c: ['a'] })
	await stage.report(await stage.claim(), { outcome: 'failed', fatal: true })

	await cancel(id)

	t.deepEqual(await statusesOf(stage, ids), { a: 'failed', b: 'cancelled', c: 'cancelled' })
	t.is((await workflowOf(db, id)).status, 'cancelled')
})

test.serial('running jobs are asked to stop, and the workflow runs until they have', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: [], c: ['a', 'b'] })
	const claimed = await stage.claim(2)

	const status = [await cancel(id), await cancel(id)]
	const { cancel_requested } = await stage.claim(0)
	const during = await statusesOf(stage, ids)
	await stage.report(claimed, { outcome: 'cancelled' }, [ids.a!])
	await stage.complete(claimed, [ids.b!])

	t.deepEqual(
		[status, cancel_requested],
		[
			['running', 'running'],
			[ids.a, ids.b],
		],
	)
	t.deepEqual(during, { a: 'running', b: 'running', c: 'cancelled' })
	t.deepEqual(await statusesOf(stage, ids), { a: 'cancelled', b: 'completed', c: 'cancelled' })
	t.is((await workflowOf(db, id)).status, 'cancelled')
})

test.serial('a workflow whose running jobs complete all the same has completed', async (t) => {
	const stage = await makeStage(db)
	const { id } = await submitWorkflow(db, stage, { a: [] })
	const claimed = await stage.claim()
	await cancel(id)

	await stage.complete(claimed)

	t.is((await workflowOf(db, id)).status, 'completed')
})

test.serial('jobs outside that wait for it are cancelled for its sake, and those that ask for its end go on', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [] })
	const outside = await submitGraph(db, stage, { next: [ids.a], cleanup: [{ job: ids.a, condition: 'finished' }], other: [] })

	await cancel(id)

	t.deepEqual(await statusesOf(stage, outside), { next: 'cancelled', cleanup: 'ready', other: 'ready' })
	t.like(await stage.job(outside.next!), { reason: 'dependency' })
})

test.serial('more than 10,000 jobs are cancelled over several transactions, by ticks and claims, and nothing is forgotten', async (t) => {
	const stage = await makeStage(db)
	const names = Array.from({ length: 12_500 }, (_, n) => `n${n}`)
	const { id } = await submitWorkflow(db, stage, Object.fromEntries(names.map((name, n) => [name, n % 2 ? [names[n - 1]] : []])))

	const status = await cancel(id)
	const first = await countByStatus(db, stage)
	const { next_due_in_seconds } = await stage.claim(0)
	const second = await countByStatus(db, stage)
	await tick()

	t.is(status, 'running')
	t.deepEqual(first, { cancelled: 10_000, ready: 1250, blocked: 1250 })
	t.deepEqual([next_due_in_seconds, second], [0, { cancelled: 11_000, ready: 750, blocked: 750 }])
	t.deepEqual(await countByStatus(db, stage), { cancelled: 12_500 })
	t.like(await workflowOf(db, id), { status: 'cancelled', cancelled_count: 12_500 })
	t.deepEqual(await db.rows('select from taskq_private.workflows where cancelled_down_to is not null'), [])
})

test.serial('a replay takes back that it was cancelled: how it ends is said by its jobs again', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: [] })
	await stage.report(await stage.claim(), { outcome: 'failed', fatal: true })
	await cancel(id, 'no')
	const before = (await workflowOf(db, id)).status

	for (const name of ['a', 'b']) await db.query('select taskq.retry_job($1)', [ids[name]])
	const between = await workflowOf(db, id)
	await stage.completeAll()

	t.is(before, 'cancelled')
	t.like(between, { status: 'running', cancel_requested_at: null, cancel_reason: null })
	t.is((await workflowOf(db, id)).status, 'completed')
})

test.serial('a workflow that has ended cannot be cancelled: TQ409 with the state', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [] })
	await complete(stage, ids.a!)

	t.like(await errorOf(cancel(id)), { code: 'TQ409', detail: 'completed' })
	await tick()
	t.like(await errorOf(cancel(id)), { code: 'TQ409', detail: 'completed' })
	t.like(await workflowOf(db, id), { status: 'completed', cancel_requested_at: null })
})

test.serial('one that does not exist is answered TQ404', async (t) => {
	t.is(await sqlState(cancel(randomUUID())), 'TQ404')
	t.is(await sqlState(db.query('select taskq.cancel_workflow(null)')), 'TQ404')
})

test.serial('who cancelled is written down', async (t) => {
	const stage = await makeStage(db)
	const { id } = await submitWorkflow(db, stage, { a: [] })
	await cancel(id, 'why not')

	const audit = await db.rows('select action, details from taskq_private.audit_log where target = $1', [id])

	t.deepEqual(audit, [{ action: 'cancel_workflow', details: { reason: 'why not' } }])
})
