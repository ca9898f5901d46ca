import { randomUUID } from 'node:crypto'
import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { end, fail, submitGraph } from '../../support/graph.ts'
import { jobIn, makeStage } from '../../support/stage.ts'

const db = useDb(test)

const within = (id: string, maxBytes: number) => db.rows('select * from taskq.parent_results($1, $2)', [id, maxBytes])

test('a child is shown what its parents left behind, by name', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, {
		b: [],
		a: [],
		c: [],
		child: [{ job: 'b', condition: 'finished' }, 'a', { job: 'c', condition: 'failure' }],
	})
	await end(stage, { outcome: 'completed', result: { rows: 3 } }, ids.a!)
	await end(stage, { outcome: 'failed', fatal: true, error: { name: 'E', message: 'no' } }, ids.c!)

	const results = await call(db.pool, 'parentResults', [ids.child])

	const common = { type: stage.type, error: null, result: null, is_left_out: false }
	t.deepEqual(results, [
		{ ...common, parent_id: ids.a, name: 'a', condition: 'success', status: 'completed', result: { rows: 3 } },
		{ ...common, parent_id: ids.b, name: 'b', condition: 'finished', status: null },
		{ ...common, parent_id: ids.c, name: 'c', condition: 'failure', status: 'failed', error: { name: 'E', message: 'no' } },
	])
})

test('results are read until they are as large as they may be, the rest is left out and told', async (t) => {
	const stage = await makeStage(db)
	const names = ['a', 'b', 'c', 'd']
	const ids = await submitGraph(db, stage, { ...Object.fromEntries(names.map((name) => [name, []])), child: names })
	await end(stage, { outcome: 'completed', result: 'x'.repeat(998) }, ...names.map((name) => ids[name]!))

	const sizes = async (maxBytes: number) =>
		(await within(ids.child!, maxBytes)).map(({ result, is_left_out }) => [result?.length ?? 0, is_left_out])

	t.deepEqual(await sizes(1_000_000), Array(4).fill([998, false]))
	t.deepEqual(await sizes(1001), [
		[998, false],
		[998, false],
		[0, true],
		[0, true],
	]) // the one that goes over is still whole
	t.deepEqual(await sizes(1000), [
		[998, false],
		[0, true],
		[0, true],
		[0, true],
	])
	t.deepEqual(await sizes(0), Array(4).fill([0, true]))
	t.deepEqual(
		(await within(ids.child!, 0)).map(({ name, status }) => [name, status]),
		names.map((name) => [name, 'completed']),
	)
})

test('errors count as results do', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, {
		a: [],
		b: [],
		child: [
			{ job: 'a', condition: 'failure' },
			{ job: 'b', condition: 'failure' },
		],
	})
	await fail(stage, ids.b!)
	await end(stage, { outcome: 'failed', fatal: true, error: { name: 'E', message: 'x'.repeat(1000) } }, ids.a!)

	t.deepEqual(
		(await within(ids.child!, 500)).map(({ error, is_left_out }) => [error?.message?.length ?? 0, is_left_out]),
		[
			[1000, false],
			[0, true],
		],
	)
})

test('results of a large fan-in are within the bound of 4 MiB, give or take one', async (t) => {
	const stage = await makeStage(db)
	const parents = await stage.submit(...Array(12).fill({}))
	const child = await stage.submitOne({ depends_on: parents })
	await end(stage, { outcome: 'completed', result: 'x'.repeat(500_000) }, ...parents)

	const results = await call(db.pool, 'parentResults', [child])

	t.is(results.filter(({ is_left_out }) => !is_left_out).length, 9)
})

test('a parent that was deleted is passed over', async (t) => {
	const stage = await makeStage(db)
	const gone = await jobIn(stage, 'failed')
	const child = await stage.submitOne({ depends_on: [{ job: gone, condition: 'failure' }] })
	await stage.completeAll()
	await db.query('select taskq.discard_job($1)', [gone])

	t.deepEqual(await call(db.pool, 'parentResults', [child]), [])
})

test('a job without parents, and one that is no job, have none', async (t) => {
	const stage = await makeStage(db)

	t.deepEqual(await call(db.pool, 'parentResults', [await stage.submitOne()]), [])
	t.deepEqual(await call(db.pool, 'parentResults', [randomUUID()]), [])
})
