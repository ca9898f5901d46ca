import { randomUUID } from 'node:crypto'
import test from 'ava'
import { call, callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { complete, fail, submitWorkflow, type WorkflowRow } from '../../support/graph.ts'
import { makeStage } from '../../support/stage.ts'

const db = useDb(test)

const list = async (status: string[] | null, name: string | null, before: string | null = null, maxRows = 50) =>
	(await call<WorkflowRow>(db.pool, 'listWorkflows', [status, name, before, maxRows])).map(({ workflow_id }) => workflow_id)

/** So many workflows of one name, one job each; newest first, as they are listed. */
async function workflows(count: number) {
	const stage = await makeStage(db)
	const name = `n-${randomUUID()}`
	const made: { id: string; ids: Record<string, string> }[] = []
	for (let n = 0; n < count; n++) made.unshift(await submitWorkflow(db, stage, { a: [] }, { name }))
	return { stage, name, made, ids: made.map(({ id }) => id), job: (n: number) => made[n]!.ids.a! }
}

test.serial('workflows are listed newest first, in pages that neither repeat nor leave out one while others come', async (t) => {
	const { name, ids, stage } = await workflows(7)
	const seen: string[] = []

	for (let page = await list(null, name, null, 3); page.length; page = await list(null, name, page.at(-1)!, 3)) {
		seen.push(...page)
		await submitWorkflow(db, stage, { a: [] }, { name })
	}

	t.deepEqual(seen, ids)
})

test.serial('a page of all names has those of every name', async (t) => {
	const [one, two] = [await workflows(2), await workflows(2)]

	t.deepEqual(await list(null, null, null, 4), [...two.ids, ...one.ids])
	t.deepEqual(await list(null, null, two.ids[1], 2), one.ids)
})

for (const ticks of [false, true]) {
	test.serial(`a status finds exactly those that have it ${ticks ? 'after' : 'before'} a tick`, async (t) => {
		const { stage, name, ids, job } = await workflows(5)
		await complete(stage, job(0), job(3))
		await fail(stage, job(1))
		await call(db.pool, 'cancelJob', [job(2), null])
		if (ticks) await callOne(db.pool, 'tick', [])

		const found = await Promise.all(['completed', 'failed', 'cancelled', 'running'].map((status) => list([status], name)))
		const unnamed = await Promise.all(['completed', 'failed', 'cancelled', 'running'].map((status) => list([status], null, null, 1)))

		t.deepEqual(found, [[ids[0], ids[3]], [ids[1]], [ids[2]], [ids[4]]])
		t.deepEqual(
			unnamed.map(([id]) => id),
			[ids[0], ids[1], ids[2], ids[4]],
		)
		t.deepEqual(await list(['failed', 'completed', 'failed'], name, null, 2), [ids[0], ids[1]])
	})
}

test.serial('a page by status is full though those that are moving no longer match', async (t) => {
	const { stage, name, ids, made } = await workflows(6)
	await complete(stage, ...made.slice(0, 3).map(({ ids }) => ids.a!))

	t.deepEqual(await list(['running'], name, null, 2), [ids[3], ids[4]])
	t.deepEqual(await list(['completed'], name, ids[0], 5), [ids[1], ids[2]])
})

test.serial('a replayed workflow is listed as running at once', async (t) => {
	const { stage, name, ids, job } = await workflows(1)
	await stage.failAll()
	await callOne(db.pool, 'tick', [])
	await call(db.pool, 'retryJob', [job(0), false])

	t.deepEqual([await list(['running'], name), await list(['failed'], name)], [ids, []])
})

test.serial('a page has at least one row and at most 1,000, and 50 unless it says otherwise', async (t) => {
	const { name, stage } = await workflows(1)
	await db.query(
		`select count(*) from generate_series(1, 1000) as n,
			taskq.submit_jobs(jsonb_build_object('workflow', jsonb_build_object('name', $1::text), 'jobs', jsonb_build_array(jsonb_build_object('type', $2::text), n)) #- '{jobs,1}')`,
		[name, stage.type],
	)

	t.is((await list(null, name, null, 100_000)).length, 1000)
	t.is((await list(null, name, null, 0)).length, 1)
	t.is((await db.rows('select * from taskq.list_workflows(name => $1)', [name])).length, 50)
	t.deepEqual(await list(null, 'nobody'), [])
	t.deepEqual(await list([], name), [])
})
