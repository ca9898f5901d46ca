import { randomUUID } from 'node:crypto'
import test from 'ava'
import { useDb } from '../../support/db.ts'
import { jobsOf, submitGraph, submitJobs, submitWorkflow } from '../../support/graph.ts'
import { errorOf, jobIn, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

/** What is stored of a type, keys and workflows included. */
const stored = (type: string) =>
	db.row(
		`select (select count(*)::int from taskq.jobs where type = $1) as jobs,
			(select count(*)::int from taskq_private.idempotency_keys where idempotency_key like $1 || '%') as keys,
			(select count(*)::int from taskq_private.workflows where name = $1) as workflows,
			(select count(*)::int from taskq_private.job_dependencies as d where not exists (select from taskq_private.job_specs as s where s.job_id = d.job_id)) as edges`,
		[type],
	)

test('a name that the call does not have and that is no id is answered TQ423 naming job and field', async (t) => {
	const stage = await makeStage(db)

	const error = await errorOf(submitGraph(db, stage, { a: [], b: ['a', 'c'] }))

	t.like(error, { code: 'TQ423', column: 'jobs[1].depends_on' })
	t.regex(error.message!, /^jobs\[1\] "b": .*"c"/)
})

test('an id that is no job, and one of a job that was deleted, are answered TQ423', async (t) => {
	const stage = await makeStage(db)
	const gone = await jobIn(stage, 'failed')
	await db.query('select taskq.discard_job($1)', [gone])

	for (const id of [randomUUID(), gone])
		t.like(await errorOf(submitGraph(db, stage, { a: [], b: ['a', { job: id, condition: 'finished' }] })), {
			code: 'TQ423',
			column: 'jobs[1].depends_on',
		})
})

test('two jobs of one name are answered TQ422 at the second', async (t) => {
	const { type } = await makeStage(db)

	const error = await errorOf(submitJobs(db, [{ type, name: 'a' }, { type }, { type, name: 'a' }]))

	t.like(error, { code: 'TQ422', column: 'jobs[2].name' })
})

test('a job that is named under two conditions is answered TQ422, in a graph and alone', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()
	const twice = (job: string) => [job, { job, condition: 'failure' }]

	t.like(await errorOf(submitGraph(db, stage, { a: [], b: twice('a') })), { code: 'TQ422', column: 'jobs[1].depends_on' })
	t.like(await errorOf(submitGraph(db, stage, { a: twice(parent) })), { code: 'TQ422', column: 'jobs[0].depends_on' })
	t.is(await sqlState(stage.submitOne({ depends_on: twice(parent) })), 'TQ422')
})

test('malformed dependencies are answered TQ422 with the first of the jobs that have one', async (t) => {
	const stage = await makeStage(db)

	for (const bad of ['', 5, null, {}, { job: '' }, { job: 'a', condition: 'sometimes' }, { job: 'a', what: 1 }])
		t.like(await errorOf(submitGraph(db, stage, { a: [], b: ['a', bad], c: ['x'] })), { code: 'TQ422', column: 'jobs[1].depends_on' })
	t.like(await errorOf(submitGraph(db, stage, { a: { depends_on: 'b' }, b: [] })), { code: 'TQ422', column: 'jobs[0].depends_on' })
})

test('more than 10,000 dependencies of one job, and more than 200,000 in one call, are refused', async (t) => {
	const { type } = await makeStage(db)
	const names = Array.from({ length: 10_001 }, (_, n) => `n${n}`)

	t.like(await errorOf(submitJobs(db, [{ type, depends_on: names }])), { code: 'TQ422', column: 'jobs[0].depends_on' })
	t.is(await sqlState(submitJobs(db, [...Array(20).fill({ type, depends_on: names.slice(1) }), { type, depends_on: ['n1'] }])), 'TQ413')
	t.is(await sqlState(submitJobs(db, Array(20).fill({ type, depends_on: names.slice(1) }))), 'TQ423')
})

const wrong: [body: unknown, field: string][] = [
	[null, 'jobs'],
	['x', 'jobs'],
	[{}, 'jobs'],
	[{ jobs: {} }, 'jobs'],
	[{ jobs: [], extra: 1 }, 'extra'],
	[{ workflow: { name: 'w' }, jobs: [] }, 'jobs'],
	[{ workflow: 'w', jobs: [{}] }, 'workflow'],
	[{ workflow: [], jobs: [{}] }, 'workflow'],
	[{ workflow: {}, jobs: [{}] }, 'workflow.name'],
	[{ workflow: { name: null }, jobs: [{}] }, 'workflow.name'],
	[{ workflow: { name: '' }, jobs: [{}] }, 'workflow.name'],
	[{ workflow: { name: 5 }, jobs: [{}] }, 'workflow.name'],
	[{ workflow: { name: 'x'.repeat(201) }, jobs: [{}] }, 'workflow.name'],
	[{ workflow: { name: 'w', type: 'echo' }, jobs: [{}] }, 'workflow.type'],
	[{ workflow: { name: 'w', metadata: 1 }, jobs: [{}] }, 'workflow.metadata'],
	[{ workflow: { name: 'w', idempotency_key: '' }, jobs: [{}] }, 'workflow.idempotency_key'],
	[{ workflow: { name: 'w', idempotency_key: 'k' }, jobs: [5] }, 'jobs[0]'],
]
for (const [body, field] of wrong) {
	test(`what is no graph is answered TQ422 naming ${field}: ${JSON.stringify(body).slice(0, 60)}`, async (t) => {
		t.like(await errorOf(submitJobs(db, body)), { code: 'TQ422', column: field })
	})
}

const broken: Record<string, (stage: { type: string }) => Record<string, unknown>> = {
	'a bad field': () => ({ priority: 99 }),
	'an unknown type': () => ({ type: 'nobody-knows' }),
	'an unknown name': () => ({ depends_on: ['nobody'] }),
	'an unknown id': () => ({ depends_on: [randomUUID()] }),
	'a cycle': () => ({ name: 'last', depends_on: ['last'] }),
	'a key that is taken': ({ type }) => ({ idempotency_key: `${type}-taken` }),
}
for (const [what, make] of Object.entries(broken)) {
	test(`of a graph with ${what} nothing is stored, keys and workflow included`, async (t) => {
		const stage = await makeStage(db)
		const { type } = stage
		await stage.submitOne({ idempotency_key: `${type}-taken` })
		const jobs = [...jobsOf(stage, { a: { idempotency_key: `${type}-1` }, b: ['a'] }), { type, depends_on: ['a'], ...make(stage) }]

		const error = await errorOf(submitJobs(db, { workflow: { name: type, idempotency_key: `${type}-w` }, jobs }))

		t.regex(error.column!, /^jobs\[2\]\./)
		t.deepEqual(await stored(type), { jobs: 1, keys: 1, workflows: 0, edges: 0 })
		const again = await submitWorkflow(db, stage, { a: { idempotency_key: `${type}-1` } }, { name: type, idempotency_key: `${type}-w` })
		t.is((await stage.job(again.ids.a!)).workflow_id, again.id)
	})
}
