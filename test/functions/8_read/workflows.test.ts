import { randomUUID } from 'node:crypto'
import test from 'ava'
import { call, callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { complete, fail, submitWorkflow, type WorkflowRow, workflowOf } from '../../support/graph.ts'
import { makeStage, type Stage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const tick = () => callOne(db.pool, 'tick', [])
const cancel = (id: string) => call(db.pool, 'cancelJob', [id, null])
const counts = (row: WorkflowRow) => [
	row.status,
	row.unfinished_count,
	row.completed_count,
	row.failed_count,
	row.cancelled_count,
	row.skipped_count,
]

type Act = (stage: Stage, ids: Record<string, string>) => Promise<unknown>
const alarm = [{ job: 'a', condition: 'failure' }]
const cleanup = [{ job: 'a', condition: 'finished' }]

const endings: Record<string, [graph: Record<string, unknown[]>, act: Act, ending: unknown[]]> = {
	'is running until its last job has ended': [{ a: [], b: [] }, (stage, { a }) => complete(stage, a!), ['running', 1, 1, 0, 0, 0]],
	'is completed when all its jobs are': [{ a: [], b: [] }, (stage) => stage.completeAll(), ['completed', 0, 2, 0, 0, 0]],
	'is running while a job that failed has others running': [
		{ a: [], b: [] },
		(stage, { a }) => fail(stage, a!),
		['running', 1, 0, 1, 0, 0],
	],
	'has failed when a job has, whatever became of the others': [
		{ a: [], b: ['a'], c: [], d: [] },
		async (stage, { a, c, d }) => {
			await fail(stage, a!)
			await complete(stage, c!)
			await cancel(d!)
		},
		['failed', 0, 1, 1, 2, 0],
	],
	'has failed though what handles the failure went well': [
		{ a: [], b: alarm, c: cleanup },
		async (stage, { a }) => {
			await fail(stage, a!)
			await stage.completeAll()
		},
		['failed', 0, 2, 1, 0, 0],
	],
	'is cancelled when a job was, and none failed': [
		{ a: [], b: ['a'], c: [] },
		async (stage, { a, c }) => {
			await cancel(a!)
			await complete(stage, c!)
		},
		['cancelled', 0, 1, 0, 2, 0],
	],
	'is completed when a handler of failures was not needed': [
		{ a: [], b: alarm, c: ['b'], d: cleanup },
		async (stage) => {
			await stage.completeAll()
			await stage.completeAll()
		},
		['completed', 0, 2, 0, 0, 2],
	],
	'is cancelled when the job that a handler watches was': [{ a: [], b: alarm }, (_, { a }) => cancel(a!), ['cancelled', 0, 0, 0, 2, 0]],
}

for (const [rule, [graph, act, ending]] of Object.entries(endings)) {
	test.serial(`a workflow ${rule}, before a tick as well as after it`, async (t) => {
		const stage = await makeStage(db)
		const { id, ids } = await submitWorkflow(db, stage, graph)
		await act(stage, ids)

		const before = await workflowOf(db, id)
		await tick()
		const after = await workflowOf(db, id)
		const stored = await db.row('select status from taskq_private.workflows where workflow_id = $1', [id])

		t.deepEqual([counts(before), counts(after)], [ending, ending])
		t.is(stored.status, after.status)
		t.deepEqual(after, before)
		t.is(after.finished_at !== null, after.status !== 'running')
		t.is(after.job_count, Object.keys(graph).length)
	})
}

test.serial('jobs that are cancelled at birth count', async (t) => {
	const stage = await makeStage(db)
	const outside = await stage.submitOne()
	await stage.failAll()

	const { id } = await submitWorkflow(db, stage, { a: [outside], b: ['a'] })

	t.deepEqual(counts(await workflowOf(db, id)), ['cancelled', 0, 0, 0, 2, 0])
})

test.serial('a replay makes a workflow run again, and what comes of it counts', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: ['a'] })
	await stage.failAll()
	const seen = [counts(await workflowOf(db, id))]
	for (const folds of [true, false]) {
		if (folds) await tick()
		await call(db.pool, 'retryJob', [ids.a, true])
		seen.push(counts(await workflowOf(db, id)))
		await (folds ? stage.failAll() : stage.completeAll())
	}
	await stage.completeAll()
	seen.push(counts(await workflowOf(db, id)))
	await tick()

	t.deepEqual(seen, [
		['failed', 0, 0, 1, 1, 0],
		['running', 2, 0, 0, 0, 0],
		['running', 2, 0, 0, 0, 0],
		['completed', 0, 2, 0, 0, 0],
	])
	t.deepEqual(counts(await workflowOf(db, id)), seen[3])
})

test.serial('a workflow ends when its last job did, in the view and for good', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: ['a'] })
	await stage.completeAll()
	await tick()
	await db.moveClock('1 minute')
	await stage.completeAll()
	const before = await workflowOf(db, id)
	await db.moveClock('1 minute')
	await tick()

	t.deepEqual((await workflowOf(db, id)).finished_at, before.finished_at)
	t.is(before.finished_at!.toISOString(), new Date((await stage.job(ids.b!)).finished_at).toISOString())
})

test.serial('jobs that were discarded still count', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: [] })
	await fail(stage, ids.a!)
	await call(db.pool, 'discardJob', [ids.a])
	await stage.completeAll()
	await tick()

	t.deepEqual(counts(await workflowOf(db, id)), ['failed', 0, 1, 1, 0, 0])
})

test.serial('a workflow that does not exist is answered TQ404', async (t) => {
	t.is(await sqlState(workflowOf(db, randomUUID())), 'TQ404')
})
