import { randomUUID } from 'node:crypto'
import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { fail, submitGraph, submitWorkflow, workflowOf } from '../../support/graph.ts'
import { jobIn, makeStage, sqlState, submitEach } from '../../support/stage.ts'

const db = useDb(test)

const expire = async (maxJobs = 1000) => (await db.row('select taskq_private.delete_expired($1) as n', [maxJobs])).n as number
const exists = async (id: string) => (await db.rows('select from taskq.jobs where job_id = $1', [id])).length === 1

test.serial('a job goes when it has been finished for job_ttl_seconds, whatever its end', async (t) => {
	const stage = await makeStage(db)
	const ids = [await jobIn(stage, 'completed'), await jobIn(stage, 'failed'), await jobIn(stage, 'cancelled')]
	await db.moveClock('86395 seconds')
	const early = await expire()
	await db.moveClock('10 seconds')

	const late = await expire()

	t.deepEqual([early, late], [0, 3])
	t.deepEqual(await Promise.all(ids.map(exists)), [false, false, false])
})

test.serial('how long is a setting', async (t) => {
	const stage = await makeStage(db)
	const id = await jobIn(stage, 'completed')
	await db.query('select taskq.configure(job_ttl_seconds => 60)')
	await db.moveClock('61 seconds')

	await expire()
	await db.query('select taskq.configure(job_ttl_seconds => 86400)')

	t.false(await exists(id))
})

test.serial('a job that has not ended stays, however old', async (t) => {
	const stage = await makeStage(db)
	const ids = await Promise.all(['pending', 'blocked'].map((state) => jobIn(stage, state)))
	ids.push(await jobIn(stage, 'running'), await jobIn(stage, 'retrying'), await stage.submitOne())
	await db.moveClock('10 days')

	await expire()

	t.deepEqual(await Promise.all(ids.map(exists)), Array(5).fill(true))
})

test.serial('a parent stays while a child has not ended, and goes after it', async (t) => {
	const stage = await makeStage(db)
	const parent = await jobIn(stage, 'completed')
	const child = await stage.submitOne({ depends_on: [parent] })
	await db.moveClock('2 days')
	await expire()
	const whileItWaits = await exists(parent)
	await stage.completeAll()
	await expire()
	const afterItsEnd = await exists(parent)
	await db.moveClock('2 days')
	await expire()

	t.deepEqual([whileItWaits, afterItsEnd, await exists(parent), await exists(child)], [true, false, false, false])
})

test.serial('a key is free again when its job has gone', async (t) => {
	const { type, completeAll } = await makeStage(db)
	const request = { type, idempotency_key: randomUUID() }
	const [first] = await submitEach(db.pool, [request])
	await completeAll()
	await db.moveClock('2 days')
	await expire()

	const [second] = await submitEach(db.pool, [{ ...request, priority: 1 }])

	t.true(second!.created)
	t.not(second!.job_id, first!.job_id)
})

test.serial('no more jobs go at a time than asked for', async (t) => {
	const stage = await makeStage(db)
	await stage.submit({}, {}, {})
	await stage.completeAll()
	await db.moveClock('2 days')

	t.deepEqual([await expire(2), await expire(2), await expire(2)], [2, 1, 0])
})

test.serial('ended workers go after a day', async (t) => {
	const stage = await makeStage(db)
	const other = await stage.addWorker()
	await db.query('select taskq.stop_worker($1)', [other])
	await db.moveClock('13 hours')

	await expire()
	const soon = await db.rows('select from taskq.workers where worker_id = $1', [other])
	await db.moveClock('12 hours')
	await expire()
	const later = await db.rows('select from taskq.workers where worker_id = $1', [other])

	t.deepEqual([soon.length, later.length], [1, 0])
	t.is((await db.rows('select from taskq.workers where worker_id = $1', [stage.worker])).length, 1)
})

test.serial('a job stays while its workflow runs, and goes with the workflow when that has ended for as long', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: { run_at: '2999-01-01T00:00:00Z' } })
	await stage.completeAll()
	await db.moveClock('2 days')
	await callOne(db.pool, 'tick', [])
	const whileItRuns = await exists(ids.a!)
	await db.query('select taskq.cancel_job($1)', [ids.b])
	await callOne(db.pool, 'tick', [])
	const afterItsEnd = [await exists(ids.a!), (await workflowOf(db, id)).status]
	await db.moveClock('2 days')
	await callOne(db.pool, 'tick', [])

	t.deepEqual([whileItRuns, ...afterItsEnd], [true, false, 'cancelled'])
	t.false(await exists(ids.b!))
	t.is(await sqlState(workflowOf(db, id)), 'TQ404')
})

test.serial('a workflow that is replayed keeps what it still has', async (t) => {
	const stage = await makeStage(db)
	const { ids } = await submitWorkflow(db, stage, { a: [], b: [] })
	await fail(stage, ids.a!)
	await stage.completeAll()
	await callOne(db.pool, 'tick', [])
	await db.query('select taskq.retry_job($1)', [ids.a])
	await db.moveClock('2 days')

	await callOne(db.pool, 'tick', [])

	t.true(await exists(ids.b!))
})

test.serial('a failed job stays while one that is held waits for it', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], held: { depends_on: ['a'], on_dependency_failure: 'hold' }, child: ['a'] })
	await stage.failAll()
	await db.moveClock('2 days')
	await expire()

	const [a, child] = [await exists(ids.a!), await exists(ids.child!)]
	await db.query('select taskq.cancel_job($1)', [ids.held])
	await expire()

	t.deepEqual([a, child, await exists(ids.a!)], [true, false, false])
})

test.serial('jobs that must stay keep none that ended with them, or after, from going', async (t) => {
	const stage = await makeStage(db)
	const parents = await stage.submit({}, {}, {})
	await stage.completeAll()
	await submitEach(
		db.pool,
		parents.map((id) => ({ type: stage.type, depends_on: [id], run_at: '2999-01-01T00:00:00Z' })),
	)
	const [other] = [await jobIn(stage, 'completed')]
	await db.query(
		`update taskq_private.finished_jobs set finished_at = (select max(finished_at) from taskq_private.finished_jobs) where job_id = any ($1)`,
		[[...parents, other]],
	)
	await db.moveClock('2 days')
	for (let n = 0; n < 4; n++) await expire(2)

	const later = await jobIn(stage, 'completed')
	await db.moveClock('2 days')
	for (let n = 0; n < 4; n++) await expire(2)

	t.deepEqual(await Promise.all([...parents, later].map(exists)), [true, true, true, false])
})
