import test from 'ava'
import { useDb } from '../../support/db.ts'
import { jobsOf, statusesOf, submitGraph, submitJobs, submitWorkflow } from '../../support/graph.ts'
import { jobIn, makeStage } from '../../support/stage.ts'

const db = useDb(test)

const edges = (ids: string[]) =>
	db.rows(
		'select job_id, depends_on_id, condition, satisfied from taskq.job_dependencies where job_id = any ($1) order by job_id, depends_on_id',
		[ids],
	)

test('jobs of one call wait for each other by name', async (t) => {
	const stage = await makeStage(db)

	const ids = await submitGraph(db, stage, { top: [], left: ['top'], right: ['top'], bottom: ['left', 'right'] })

	t.deepEqual(await statusesOf(stage, ids), { top: 'ready', left: 'blocked', right: 'blocked', bottom: 'blocked' })
	t.deepEqual((await stage.job(ids.bottom!)).depends_on, [ids.left, ids.right])
	t.like(await stage.job(ids.bottom!), { name: 'bottom', remaining_dependencies: 2, workflow_id: null })
})

test('the order of the list does not matter', async (t) => {
	const stage = await makeStage(db)

	const ids = await submitGraph(db, stage, { bottom: ['left', 'right'], right: ['top'], top: [], left: ['top'] })
	for (let step = 0; step < 3; step++) await stage.completeAll()

	t.deepEqual(await statusesOf(stage, ids), { bottom: 'completed', right: 'completed', top: 'completed', left: 'completed' })
})

test('answers come in the order of the list, with names, places and what became of each', async (t) => {
	const stage = await makeStage(db)
	const jobs = [...jobsOf(stage, { b: ['a'], a: [] }), { type: stage.type, run_at: '2999-01-01T00:00:00Z' }]

	const answers = await submitJobs(db, jobs)

	t.deepEqual(
		answers.map(({ position, name, status, created, warnings, workflow_id }) => ({
			position,
			name,
			status,
			created,
			warnings,
			workflow_id,
		})),
		[
			{ position: 0, name: 'b', status: 'blocked', created: true, warnings: [], workflow_id: null },
			{ position: 1, name: 'a', status: 'ready', created: true, warnings: [], workflow_id: null },
			{ position: 2, name: null, status: 'pending', created: true, warnings: [], workflow_id: null },
		],
	)
	t.deepEqual(
		await Promise.all(answers.map(({ job_id }) => stage.status(job_id))),
		answers.map(({ status }) => status),
	)
})

test('names of the call and ids of earlier jobs can be mixed, each with a condition', async (t) => {
	const stage = await makeStage(db)
	const [completed, failed, pending] = [await jobIn(stage, 'completed'), await jobIn(stage, 'failed'), await jobIn(stage, 'pending')]

	const ids = await submitGraph(db, stage, {
		a: [],
		b: [completed, 'a', { job: failed, condition: 'failure' }, { job: pending.toUpperCase(), condition: 'finished' }],
		c: [completed, { job: failed, condition: 'finished' }],
		d: [{ job: 'a', condition: 'failure' }, { job: 'c' }],
	})

	const asked = await edges([ids.b!, ids.d!])
	t.deepEqual(Object.fromEntries(asked.map((edge) => [`${edge.depends_on_id} ${edge.condition}`, edge.satisfied])), {
		[`${completed} success`]: true,
		[`${ids.a} success`]: false,
		[`${failed} failure`]: true,
		[`${pending} finished`]: false,
		[`${ids.a} failure`]: false,
		[`${ids.c} success`]: false,
	})
	t.deepEqual(await statusesOf(stage, ids), { a: 'ready', b: 'blocked', c: 'ready', d: 'blocked' })
	t.like(await stage.job(ids.b!), { remaining_dependencies: 2 })
	t.deepEqual((await stage.job(ids.d!)).depends_on, [{ job: ids.a, condition: 'failure' }, ids.c])
})

test('a job that is named twice under one condition is one edge, however it is written', async (t) => {
	const stage = await makeStage(db)
	const parent = await jobIn(stage, 'pending')

	const ids = await submitGraph(db, stage, {
		a: [],
		b: ['a', 'a', { job: 'a' }, { job: 'a', condition: 'success' }, parent, parent.toUpperCase(), { job: parent }],
	})

	t.like(await stage.job(ids.b!), { remaining_dependencies: 2 })
	t.is((await edges([ids.b!])).length, 2)
})

test('a name that looks like an id is a name first', async (t) => {
	const stage = await makeStage(db)
	const other = await stage.submitOne()

	const ids = await submitGraph(db, stage, { [other]: [], child: [other] })

	t.deepEqual((await stage.job(ids.child!)).depends_on, [ids[other]])
})

test('names belong to one call: another call may use them again', async (t) => {
	const stage = await makeStage(db)
	const first = await submitGraph(db, stage, { a: [], b: ['a'] })

	const second = await submitGraph(db, stage, { a: [], b: ['a'] })

	t.not(first.a, second.a)
	t.deepEqual((await stage.job(second.b!)).depends_on, [second.a])
})

test('what can never run is cancelled at birth, with what waits for it, and what asks for its end goes on', async (t) => {
	const stage = await makeStage(db)
	const failed = await jobIn(stage, 'failed')

	const answers = await submitJobs(
		db,
		jobsOf(stage, {
			a: [failed],
			b: ['a'],
			cleanup: [{ job: 'b', condition: 'finished' }],
			held: { depends_on: [failed], on_dependency_failure: 'hold' },
		}),
	)

	const told = Object.fromEntries(answers.map(({ name, status }) => [name!, status]))
	t.deepEqual(told, { a: 'cancelled', b: 'cancelled', cleanup: 'ready', held: 'blocked' })
	t.deepEqual(await statusesOf(stage, Object.fromEntries(answers.map(({ name, job_id }) => [name!, job_id]))), told)
	t.is((await stage.job(answers[1]!.job_id)).error?.culprit, failed)
})

test('a workflow takes its name and labels, and all of its jobs', async (t) => {
	const stage = await makeStage(db)

	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: ['a'] }, { name: 'nightly', metadata: { team: 'x' } })

	const workflow = await db.row('select * from taskq.workflows where workflow_id = $1', [id])
	t.like(workflow, {
		name: 'nightly',
		status: 'running',
		job_count: 2,
		unfinished_count: 2,
		metadata: { team: 'x' },
		idempotency_key: null,
	})
	t.deepEqual([(await stage.job(ids.a!)).workflow_id, (await stage.job(ids.b!)).workflow_id], [id, id])
})

test('a graph without a workflow, or with null for one, is none', async (t) => {
	const { type } = await makeStage(db)

	t.is((await submitJobs(db, { jobs: [{ type }] }))[0]!.workflow_id, null)
	t.is((await submitJobs(db, { workflow: null, jobs: [{ type }] }))[0]!.workflow_id, null)
	t.deepEqual(await submitJobs(db, { jobs: [] }), [])
})
