import test from 'ava'
import { call, callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { complete, fail, submitWorkflow, workflowOf } from '../../support/graph.ts'
import { makeStage, type Stage } from '../../support/stage.ts'

const db = useDb(test)

const fold = async (maxRows = 10_000) => (await db.row('select taskq_private.fold_workflow_counts($1) as n', [maxRows])).n as number
const tick = () => callOne<{ folded_workflows: number }>(db.pool, 'tick', [])
const pending = async () => (await db.row('select count(*)::int as n from taskq_private.workflow_counts')).n
const events = async (id: string) =>
	(await db.rows('select event from taskq_private.job_events where workflow_id = $1 order by event_id', [id])).map(({ event }) => event)

test.serial('ends are added up by a tick, which says of how many workflows', async (t) => {
	const stage = await makeStage(db)
	const [one, two] = [await submitWorkflow(db, stage, { a: [], b: [] }), await submitWorkflow(db, stage, { a: [] })]
	await complete(stage, one.ids.a!)
	await complete(stage, one.ids.b!, two.ids.a!)
	const before = await pending()

	const { folded_workflows } = await tick()

	t.deepEqual([before, folded_workflows, await pending()], [3, 2, 0])
	t.deepEqual(
		await db.rows('select status, completed_count from taskq_private.workflows where workflow_id = any ($1) order by workflow_id', [
			[one.id, two.id],
		]),
		[
			{ status: 'completed', completed_count: 2 },
			{ status: 'completed', completed_count: 1 },
		],
	)
	t.is((await tick()).folded_workflows, 0)
})

test.serial('no more ends are added up at a time than asked for, the oldest first', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: [], c: [] })
	for (const name of ['a', 'b', 'c']) await complete(stage, ids[name]!)

	const seen: unknown[] = []
	for (let turn = 0; turn < 3; turn++) {
		await fold(2)
		seen.push([await pending(), (await workflowOf(db, id)).completed_count])
	}

	t.deepEqual(seen, [
		[1, 3],
		[0, 3],
		[0, 3],
	])
})

test.serial('jobs without a workflow count nowhere', async (t) => {
	const stage = await makeStage(db)
	await submitWorkflow(db, stage, { a: [] })
	await stage.submitOne()
	await stage.completeAll()

	t.deepEqual([await pending(), await fold()], [1, 1])
})

test.serial('the ends of a workflow that has gone meanwhile are dropped', async (t) => {
	const stage = await makeStage(db)
	const { ids } = await submitWorkflow(db, stage, { a: [] })
	await stage.failAll()
	await call(db.pool, 'discardJob', [ids.a])

	t.deepEqual([await pending(), await fold(), await pending()], [1, 0, 0])
})

const ends: Record<string, (stage: Stage, id: string) => Promise<unknown>> = {
	completed: complete,
	failed: fail,
	cancelled: (_, id) => call(db.pool, 'cancelJob', [id, null]),
}
for (const [end, act] of Object.entries(ends)) {
	test.serial(`the stream tells that a workflow was submitted, and that it has ${end}, once`, async (t) => {
		const stage = await makeStage(db)
		const { id, ids } = await submitWorkflow(db, stage, { a: [], b: [] })
		await act(stage, ids.a!)
		await tick()
		const during = await events(id)
		await act(stage, ids.b!)
		await tick()
		await tick()

		t.deepEqual([during, await events(id)], [['workflow_submitted'], ['workflow_submitted', `workflow_${end}`]])
	})
}

test.serial('a replay that is over before a tick looks is told all the same', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [] })
	await stage.failAll()
	await tick()
	await call(db.pool, 'retryJob', [ids.a, false])
	await stage.completeAll()

	await tick()

	t.deepEqual(await events(id), ['workflow_submitted', 'workflow_failed', 'workflow_resumed', 'workflow_completed'])
})

for (const ticks of [true, false]) {
	test.serial(`a replay that ends as before is told, too, whether a tick saw it ${ticks ? 'begin' : 'or not'}`, async (t) => {
		const stage = await makeStage(db)
		const { id, ids } = await submitWorkflow(db, stage, { a: [] })
		await stage.failAll()
		await tick()
		await call(db.pool, 'retryJob', [ids.a, false])
		if (ticks) await tick()
		await stage.failAll()
		await tick()

		t.deepEqual(await events(id), ['workflow_submitted', 'workflow_failed', 'workflow_resumed', 'workflow_failed'])
	})
}

test.serial('an event of a workflow reaches the readers of the stream with its id and no jobs', async (t) => {
	const stage = await makeStage(db)
	const { last_event_id } = await callOne<{ last_event_id: string }>(db.pool, 'streamPosition', [])
	const { id } = await submitWorkflow(db, stage, { a: [] })

	const { batch } = await callOne<{ batch: { events: unknown[] } }>(db.pool, 'readEvents', [last_event_id, [], 10])

	t.is(batch.events.length, 2)
	t.like(batch.events[0], { event: 'job_submitted', workflow_id: null })
	t.like(batch.events[1], { event: 'workflow_submitted', workflow_id: id, jobs: null, queue: null })
})
