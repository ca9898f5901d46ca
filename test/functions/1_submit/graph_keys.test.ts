import { randomUUID } from 'node:crypto'
import test from 'ava'
import { useDb } from '../../support/db.ts'
import { type GraphJob, jobsOf, submitJobs, workflowOf } from '../../support/graph.ts'
import { errorOf, makeStage } from '../../support/stage.ts'

const db = useDb(test)

const idsOf = (rows: GraphJob[]) => rows.map(({ job_id }) => job_id)
const created = (rows: GraphJob[]) => rows.map((row) => row.created)
const countOf = async (type: string) => (await db.row('select count(*)::int as n from taskq.jobs where type = $1', [type])).n

test('a graph of repeated jobs is answered with the first ones, and nothing is made', async (t) => {
	const stage = await makeStage(db)
	const jobs = jobsOf(stage, { a: { idempotency_key: randomUUID() }, b: { depends_on: ['a'], idempotency_key: randomUUID() } })
	const first = await submitJobs(db, jobs)
	await stage.completeAll()

	const second = await submitJobs(db, jobs)

	t.deepEqual([idsOf(second), created(second)], [idsOf(first), [false, false]])
	t.deepEqual(
		second.map(({ status }) => status),
		['completed', 'ready'],
	)
	t.is(await countOf(stage.type), 2)
})

test('a new job can depend by name on one that is repeated, in any state', async (t) => {
	const stage = await makeStage(db)
	const a = { idempotency_key: randomUUID() }
	const [first] = await submitJobs(db, jobsOf(stage, { a }))
	await stage.completeAll()

	const second = await submitJobs(db, jobsOf(stage, { c: [{ job: 'b', condition: 'finished' }], b: ['a', first!.job_id], a }))

	t.deepEqual(created(second), [true, true, false])
	t.is(second[2]!.job_id, first!.job_id)
	t.deepEqual((await stage.job(second[1]!.job_id)).depends_on, [first!.job_id])
	t.deepEqual(
		second.map(({ status }) => status),
		['blocked', 'ready', 'completed'],
	)
})

test('a repeated job keeps the edges that it was made with', async (t) => {
	const stage = await makeStage(db)
	const jobs = jobsOf(stage, { a: [], b: { depends_on: ['a'], idempotency_key: randomUUID() } })
	const first = await submitJobs(db, jobs)

	const second = await submitJobs(db, jobs)

	t.deepEqual(created(second), [true, false])
	t.deepEqual((await stage.job(second[1]!.job_id)).depends_on, [first[0]!.job_id])
})

test('a repeated job and a new one that leads back to it are no cycle', async (t) => {
	const stage = await makeStage(db)
	const b = { depends_on: ['a'], idempotency_key: randomUUID() }
	await submitJobs(db, jobsOf(stage, { a: [], b }))

	const second = await submitJobs(db, jobsOf(stage, { a: ['b'], b }))

	t.deepEqual(created(second), [true, false])
})

test('a key that comes twice in one graph makes one job', async (t) => {
	const { type } = await makeStage(db)
	const job = { type, idempotency_key: randomUUID() }

	const rows = await submitJobs(db, [job, { type, name: 'x' }, job])

	t.is(rows[0]!.job_id, rows[2]!.job_id)
	t.deepEqual(created(rows), [true, true, false])
})

test('another request under a job’s key refuses the graph, names the job and stores nothing', async (t) => {
	const stage = await makeStage(db)
	const idempotency_key = randomUUID()
	const [first] = await submitJobs(db, jobsOf(stage, { a: { idempotency_key } }))

	const error = await errorOf(submitJobs(db, jobsOf(stage, { b: [], a: { idempotency_key, priority: 1 } })))

	t.like(error, { code: 'TQ410', column: 'jobs[1].idempotency_key', detail: first!.job_id })
	t.is(await countOf(stage.type), 1)
})

test('a second submit under a workflow’s key is answered with the first workflow and its jobs, in the state that they have by then', async (t) => {
	const stage = await makeStage(db)
	const body = {
		workflow: { name: 'w', idempotency_key: randomUUID() },
		jobs: [...jobsOf(stage, { b: ['a'], a: { idempotency_key: randomUUID() } }), { type: stage.type }, { type: stage.type }],
	}
	const first = await submitJobs(db, body)
	await stage.completeAll()

	const second = await submitJobs(db, body)

	t.deepEqual(
		second,
		first.map((row) => ({ ...row, created: false, status: row.name === 'b' ? 'ready' : 'completed' })),
	)
	t.is(await countOf(stage.type), 4)
})

test('who submits and the trace are no part of a workflow’s request', async (t) => {
	const { type } = await makeStage(db)
	const workflow = { name: 'w', idempotency_key: randomUUID() }
	const [first] = await submitJobs(db, { workflow, jobs: [{ type, created_by: 'a', trace_context: 'a' }] })

	const [second] = await submitJobs(db, { workflow, jobs: [{ type, created_by: 'b', trace_context: 'b' }] })

	t.is(second!.workflow_id, first!.workflow_id)
})

test('another request under a workflow’s key is answered TQ410 naming the workflow', async (t) => {
	const stage = await makeStage(db)
	const workflow = { name: 'w', idempotency_key: randomUUID() }
	const jobs = jobsOf(stage, { a: [], b: ['a'] })
	const [first] = await submitJobs(db, { workflow, jobs })
	const others = [
		{ workflow, jobs: jobs.slice(1).concat(jobs[0]!) },
		{ workflow, jobs: [...jobs, { type: stage.type }] },
		{ workflow, jobs: [jobs[0], { ...jobs[1], depends_on: [{ job: 'a', condition: 'failure' }] }] },
		{ workflow: { ...workflow, name: 'x' }, jobs },
		{ workflow: { ...workflow, metadata: {} }, jobs },
	]

	for (const other of others)
		t.like(await errorOf(submitJobs(db, other)), { code: 'TQ410', column: 'workflow.idempotency_key', detail: first!.workflow_id })
	t.is(await countOf(stage.type), 2)
})

test('a workflow counts those of its jobs that are new; where none is, it is that of the first ones', async (t) => {
	const stage = await makeStage(db)
	const a = { idempotency_key: randomUUID() }
	const [first] = await submitJobs(db, { workflow: { name: 'one' }, jobs: jobsOf(stage, { a }) })

	const mixed = await submitJobs(db, { workflow: { name: 'two' }, jobs: jobsOf(stage, { a, b: ['a'] }) })
	const repeated = await submitJobs(db, { workflow: { name: 'three', idempotency_key: randomUUID() }, jobs: jobsOf(stage, { a }) })
	await stage.completeAll()

	t.is(repeated[0]!.workflow_id, first!.workflow_id)
	t.like(await workflowOf(db, first!.workflow_id!), { name: 'one', job_count: 1, status: 'completed' })
	t.like(await workflowOf(db, mixed[0]!.workflow_id!), { name: 'two', job_count: 1, unfinished_count: 1 })
	t.deepEqual(await db.rows(`select name from taskq_private.workflows where name = 'three'`), [])
})

test('a workflow’s key is free again when the workflow has gone', async (t) => {
	const { type, failAll } = await makeStage(db)
	const body = { workflow: { name: 'w', idempotency_key: randomUUID() }, jobs: [{ type }] }
	const [first] = await submitJobs(db, body)
	await failAll()
	await db.query('select taskq.discard_job($1)', [first!.job_id])

	const [second] = await submitJobs(db, { ...body, jobs: [{ type, priority: 1 }] })

	t.true(second!.created)
	t.not(second!.workflow_id, first!.workflow_id)
})
