import { randomUUID } from 'node:crypto'
import test from 'ava'
import { call, callOne } from '../../../db/calls.ts'
import { type Db, useDb } from '../../support/db.ts'
import { complete, fail, type Ids, submitGraph, submitWorkflow } from '../../support/graph.ts'
import { makeStage, type Stage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

interface Graph {
	nodes: {
		id: string
		name: string
		status: string | null
		seconds: number
		outside: boolean
		slack_seconds: number | null
		critical: boolean
	}[]
	edges: { from: string; to: string; condition: string; satisfied: boolean }[]
}

const graphOf = async (id: string) => (await callOne<{ graph: Graph }>(db.pool, 'jobGraph', [id])).graph
const nodeOf = (graph: Graph, id: string | undefined) => graph.nodes.find((node) => node.id === id)!
const by = <T>(graph: Graph, look: (node: Graph['nodes'][number]) => T): Record<string, T> =>
	Object.fromEntries(graph.nodes.map((node) => [node.name, look(node)]))
const path = async (id: string) => (await db.rows('select name, slack_seconds from taskq.critical_path($1)', [id])).map(({ name }) => name)

/** Runs these ready jobs one after the other, as if each had gone from this second to that. */
async function run(db: Db, stage: Stage, ids: Ids, times: Record<string, [from: number, to: number]>): Promise<void> {
	for (const [name, [from, to]] of Object.entries(times)) {
		await complete(stage, ids[name]!)
		await db.query(
			`update taskq_private.finished_jobs set started_at = at + $2 * interval '1 second', finished_at = at + $3 * interval '1 second'
			from (select '2030-01-01'::timestamptz) as day (at) where job_id = $1`,
			[ids[name], from, to],
		)
	}
}

test('the graph of a workflow has its jobs and the edges between them', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { b: ['a'], a: [], alarm: [{ job: 'a', condition: 'failure' }], alone: [] })
	await complete(stage, ids.a!)

	const graph = await graphOf(id)

	t.deepEqual(
		by(graph, ({ status }) => status),
		{ b: 'ready', a: 'completed', alarm: 'cancelled', alone: 'ready' },
	)
	t.like(nodeOf(graph, ids.alarm), { type: stage.type, reason: 'dependency', outside: false, slack_seconds: null, attempt: 1 })
	t.deepEqual(
		new Set(graph.edges.map((edge) => JSON.stringify(edge))),
		new Set(
			[
				{ to: ids.b, from: ids.a, condition: 'success', satisfied: true },
				{ to: ids.alarm, from: ids.a, condition: 'failure', satisfied: false },
			].map((edge) => JSON.stringify(edge)),
		),
	)
})

test('jobs of others that a workflow depends on are nodes outside, those that depend on it are none', async (t) => {
	const stage = await makeStage(db)
	const far = await stage.submitOne({ name: 'far' })
	const near = await stage.submitOne({ name: 'near', depends_on: [far] })
	const { id, ids } = await submitWorkflow(db, stage, { a: [near], b: ['a', near] })
	await stage.submitOne({ depends_on: [ids.b] })

	const graph = await graphOf(id)

	t.deepEqual(
		by(graph, ({ outside }) => outside),
		{ a: false, b: false, near: true },
	)
	t.is(graph.edges.length, 3)
})

test('the graph of a job is all that it depends on and that depends on it, and not their other relations', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, {
		top: [],
		left: ['top'],
		right: ['top'],
		bottom: ['left', 'right'],
		aunt: [],
		end: ['bottom', 'aunt'],
		stranger: [],
	})

	t.deepEqual(Object.keys(by(await graphOf(ids.left!), () => 0)).sort(), ['bottom', 'end', 'left', 'top'])
	t.deepEqual(Object.keys(by(await graphOf(ids.end!), () => 0)).sort(), ['aunt', 'bottom', 'end', 'left', 'right', 'top'])
	t.deepEqual((await graphOf(ids.stranger!)).edges, [])
	t.deepEqual(
		by(await graphOf(ids.left!), ({ outside }) => outside),
		{ top: false, left: false, bottom: false, end: false },
	)
})

test('slack and critical path are those worked out by hand', async (t) => {
	const stage = await makeStage(db)
	const graph = { a: [], b: ['a'], c: ['a'], d: ['b', 'c'], e: ['c'], f: [], g: ['d', 'f'] }
	const { id, ids } = await submitWorkflow(db, stage, graph)
	await run(db, stage, ids, { a: [0, 2], f: [0, 1], b: [2, 5], c: [2, 7], d: [7, 8], e: [7, 9.5], g: [8, 12] })

	// b may end at 7, when c does; e at 12, when g does; f at 8, when d does
	t.deepEqual(
		by(await graphOf(id), (node) => node.slack_seconds),
		{ a: 0, b: 2, c: 0, d: 0, e: 2.5, f: 7, g: 0 },
	)
	t.deepEqual(await path(id), ['a', 'c', 'd', 'g'])
	t.deepEqual(
		by(await graphOf(id), ({ critical }) => critical),
		{ a: true, b: false, c: true, d: true, e: false, f: false, g: true },
	)
})

test('seconds are those of the last attempt, and jobs that never ran took none', async (t) => {
	const stage = await makeStage(db, { task: { initial_delay_seconds: 0 } })
	const { id, ids } = await submitWorkflow(db, stage, { a: [], skipped: [{ job: 'a', condition: 'failure' }], b: ['a'] })
	await stage.report(await stage.claim(), { outcome: 'failed' })
	await stage.claim(0)
	await run(db, stage, ids, { a: [0, 3], b: [3, 4] })

	const graph = await graphOf(id)

	t.deepEqual(
		by(graph, ({ seconds }) => seconds),
		{ a: 3, skipped: 0, b: 1 },
	)
	t.is(nodeOf(graph, ids.skipped).slack_seconds, 1)
	t.deepEqual(await path(id), ['a', 'b'])
})

test('slack is not told before every job has ended, and the critical path is answered TQ409', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: [] })
	await complete(stage, ids.a!)

	t.deepEqual(
		by(await graphOf(id), (node) => node.slack_seconds),
		{ a: null, b: null },
	)
	t.is(await sqlState(path(id)), 'TQ409')
})

test('a job outside that was deleted leaves its id and its edge, and does not hide the slack of the others', async (t) => {
	const stage = await makeStage(db)
	const gone = await stage.submitOne()
	await fail(stage, gone)
	const { id, ids } = await submitWorkflow(db, stage, { a: [{ job: gone, condition: 'failure' }] })
	await run(db, stage, ids, { a: [0, 2] })
	await call(db.pool, 'discardJob', [gone])

	const graph = await graphOf(id)

	t.like(nodeOf(graph, gone), { status: null, name: null, outside: true })
	t.like(graph.edges[0], { from: gone, to: ids.a })
	t.like(nodeOf(graph, ids.a), { slack_seconds: 0, critical: true })
	t.deepEqual(await path(id), ['a'])
})

test('what is neither a workflow nor a job is answered TQ404', async (t) => {
	for (const call of ['taskq.job_graph($1)', 'taskq.critical_path($1)', 'taskq.graph_mermaid($1)'])
		t.is(await sqlState(db.query(`select * from ${call}`, [randomUUID()])), 'TQ404')
})
