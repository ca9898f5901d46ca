import { randomUUID } from 'node:crypto'
import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { complete, countByStatus, fail, statusesOf, submitWorkflow, workflowOf } from '../../support/graph.ts'
import { errorOf, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const retry = async (id: string, maxJobs = 1000) => (await db.row('select taskq.retry_workflow($1, $2) as n', [id, maxJobs])).n

test('a workflow goes on where it failed, with what was cancelled because of that', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], left: ['a'], right: ['a'], both: ['left', 'right'], end: ['both'] })
	await complete(stage, ids.a!)
	await fail(stage, ids.left!, ids.right!)

	t.is(await retry(id), 2)
	t.deepEqual(await statusesOf(stage, ids), { a: 'completed', left: 'ready', right: 'ready', both: 'blocked', end: 'blocked' })
	t.is((await workflowOf(db, id)).status, 'running')
	for (let step = 0; step < 3; step++) await stage.completeAll()
	t.is((await workflowOf(db, id)).status, 'completed')
})

test('what someone cancelled stays cancelled', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: [], c: ['b'] })
	await call(db.pool, 'cancelJob', [ids.b, null])
	await stage.failAll()

	t.is(await retry(id), 1)
	t.deepEqual(await statusesOf(stage, ids), { a: 'ready', b: 'cancelled', c: 'cancelled' })
})

test('so many jobs are retried a call, and what waits for several comes back with the last of them', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: [], c: [], child: ['a', 'b', 'c'] })
	await stage.failAll()

	t.is(await retry(id, 2), 2)
	t.is(await stage.status(ids.child!), 'cancelled')
	t.is(await retry(id, 2), 1)
	t.is(await stage.status(ids.child!), 'blocked')
})

test.serial('one that failed widely comes back in chunks', async (t) => {
	const stage = await makeStage(db)
	const parents = Array.from({ length: 50 }, (_, n) => `p${n}`)
	const children = Array.from({ length: 3000 }, (_, n) => [`c${n}`, [parents[n % 50]]] as const)
	const { id } = await submitWorkflow(db, stage, {
		...Object.fromEntries(parents.map((name) => [name, []])),
		...Object.fromEntries(children),
	})
	await stage.failAll()
	while ((await stage.claim(0)).next_due_in_seconds === 0);

	t.is(await retry(id), 50)
	t.deepEqual(await countByStatus(db, stage), { ready: 50, cancelled: 3000 })
	while ((await stage.claim(0)).next_due_in_seconds === 0);
	t.deepEqual(await countByStatus(db, stage), { ready: 50, blocked: 3000 })
})

test('a workflow in which no job failed is answered TQ409 with its state, one that does not exist TQ404', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: ['a'] })

	t.like(await errorOf(retry(id)), { code: 'TQ409', detail: 'running' })
	await call(db.pool, 'cancelJob', [ids.a, null])
	t.like(await errorOf(retry(id)), { code: 'TQ409', detail: 'cancelled' })
	t.is(await sqlState(retry(randomUUID())), 'TQ404')
})

test('who retried is written down', async (t) => {
	const stage = await makeStage(db)
	const { id } = await submitWorkflow(db, stage, { a: [], b: [] })
	await stage.failAll()
	await retry(id)

	t.deepEqual(await db.rows('select action, details from taskq_private.audit_log where target = $1', [id]), [
		{ action: 'retry_workflow', details: { retried: 2 } },
	])
})
