import { randomUUID } from 'node:crypto'
import test from 'ava'
import { type Claim, call } from '../../db/calls.ts'
import { useDb } from '../support/db.ts'
import { fail, type GraphJob, jobsOf, submitWorkflow, workflowOf } from '../support/graph.ts'
import { openSession, openSessions } from '../support/sessions.ts'
import { makeStage, type Stage } from '../support/stage.ts'

const db = useDb(test)

const body = (stage: Stage, idempotency_key: string) =>
	JSON.stringify({ workflow: { name: 'w', idempotency_key }, jobs: jobsOf(stage, { a: [], b: ['a'] }) })
const countOf = async (type: string) => (await db.row('select count(*)::int as n from taskq.jobs where type = $1', [type])).n
const fold = 'select taskq_private.fold_workflow_counts()'

/** Says it again after a deadlock, as workers and doors do. */
const insisted = async (call: () => Promise<unknown>): Promise<unknown> =>
	call().catch((error) => (error.code === '40P01' ? insisted(call) : Promise.reject(error)))

/** How the jobs of a workflow ended, counted one by one. */
const recounted = (id: string) =>
	db.row(
		`select count(*) filter (where status = 'completed')::int as completed_count, count(*) filter (where status = 'failed')::int as failed_count,
			count(*) filter (where finished_at is null)::int as unfinished_count
		from taskq.jobs where workflow_id = $1`,
		[id],
	)

test.serial('a workflow is submitted twice at once under one key: the second waits and is answered with the first', async (t) => {
	const stage = await makeStage(db)
	const key = randomUUID()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	const first = await a!.call<GraphJob>('submitJobs', [body(stage, key)])
	const second = await b!.waiting<GraphJob>('submitJobs', [body(stage, key)])
	await a!.query('commit')
	const rows = await second.done

	t.deepEqual(
		rows.map(({ job_id, workflow_id, created }) => [job_id, workflow_id, created]),
		first.map(({ job_id, workflow_id }) => [job_id, workflow_id, false]),
	)
	t.is(await countOf(stage.type), 2)
})

test.serial('when the first gives up, the one that waited makes the workflow', async (t) => {
	const stage = await makeStage(db)
	const key = randomUUID()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('submitJobs', [body(stage, key)])
	const second = await b!.waiting<GraphJob>('submitJobs', [body(stage, key)])
	await a!.query('rollback')
	const [row] = await second.done

	t.true(row!.created)
	t.is(await countOf(stage.type), 2)
})

test.serial('of 20 concurrent submits under one key one makes the workflow', async (t) => {
	const stage = await makeStage(db)
	const key = randomUUID()
	const clients = await Promise.all(Array.from({ length: 20 }, () => db.client()))

	const answers = await Promise.all(clients.map((client) => call<GraphJob>(client, 'submitJobs', [body(stage, key)])))

	t.is(answers.filter(([row]) => row!.created).length, 1)
	t.is(new Set(answers.map(([row]) => row!.workflow_id)).size, 1)
	t.is(await countOf(stage.type), 2)
})

test.serial('a workflow is cancelled while one of its jobs is claimed: that one is asked to stop', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: [] })
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	const [claimed] = await a!.call<Claim>('claimNextJob', [stage.worker, 1, null])
	const cancel = await b!.waiting<{ status: string }>('cancelWorkflow', [id, null])
	await a!.query('commit')

	t.is((await cancel.done)[0]!.status, 'running')
	t.deepEqual((await stage.claim(0)).cancel_requested, [ids.a])
	t.is(await stage.status(ids.b!), 'cancelled')
	await stage.report(claimed!, { outcome: 'cancelled' })
	t.is((await workflowOf(db, id)).status, 'cancelled')
})

test.serial('a job is claimed while its workflow is cancelled: the claim passes over it and does not wait', async (t) => {
	const stage = await makeStage(db)
	const { id } = await submitWorkflow(db, stage, { a: [], b: [] })
	const session = await openSession(db)

	await session.query('begin')
	await session.call('cancelWorkflow', [id, null])
	const claimed = await stage.claim(5)
	await session.query('commit')

	t.deepEqual([claimed.jobs, (await workflowOf(db, id)).status], [[], 'cancelled'])
})

test.serial('a workflow is cancelled while one of its jobs completes: what that let go is cancelled too', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: ['a'] })
	const { claim_id } = await stage.claim()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('completeJob', [claim_id, ids.a, null])
	const cancel = await b!.waiting<{ status: string }>('cancelWorkflow', [id, null])
	await a!.query('commit')

	t.is((await cancel.done)[0]!.status, 'cancelled')
	t.deepEqual([await stage.status(ids.a!), await stage.status(ids.b!)], ['completed', 'cancelled'])
})

test.serial('jobs of one workflow end while its counts are added up: none waits, and all are counted', async (t) => {
	const stage = await makeStage(db)
	const { id, ids } = await submitWorkflow(db, stage, { a: [], b: [] })
	const { claim_id } = await stage.claim(2)
	await call(db.pool, 'completeJob', [claim_id, ids.a, null])
	const session = await openSession(db)

	await session.query('begin')
	await session.query(fold)
	await call(db.pool, 'completeJob', [claim_id, ids.b, null])
	const during = await workflowOf(db, id)
	await session.query('commit')
	const after = await workflowOf(db, id)
	await db.query(fold)

	t.is(during.completed_count, 2)
	t.deepEqual(after, during)
	t.deepEqual(await workflowOf(db, id), during)
})

test.serial('a job is replayed while its workflow’s counts are added up: the sum is exact before and after', async (t) => {
	for (const replayFirst of [true, false]) {
		const stage = await makeStage(db)
		const { id, ids } = await submitWorkflow(db, stage, { a: [], b: ['a'] })
		await fail(stage, ids.a!)
		const session = await openSession(db)

		await session.query('begin')
		if (replayFirst) await session.call('retryJob', [ids.a, true])
		else await session.query(fold)
		if (replayFirst) await db.query(fold)
		else await call(db.pool, 'retryJob', [ids.a, true])
		await session.query('commit')
		const before = await workflowOf(db, id)
		await db.query(fold)

		t.like(before, { status: 'running', unfinished_count: 2, failed_count: 0, cancelled_count: 0 })
		t.deepEqual(await workflowOf(db, id), before)
	}
})

test.serial('4 workers end, fail and replay the jobs of 3 workflows while two others tick: the counts are exact', async (t) => {
	const stage = await makeStage(db)
	const names = Array.from({ length: 40 }, (_, n) => `n${n}`)
	const graph = Object.fromEntries(names.map((name, n) => [name, n < 10 ? [] : [names[n - 10]!, names[n - 7]!]]))
	const made = [await submitWorkflow(db, stage, graph), await submitWorkflow(db, stage, graph), await submitWorkflow(db, stage, graph)]
	let working = 4

	await Promise.all([
		...Array.from({ length: 4 }, async (_, n) => {
			const worker = await stage.addWorker()
			const client = await db.client()
			for (let turn = 0; turn < 60; turn++) {
				const { claim_id, jobs } = await stage.claim(3, worker)
				const outcomes = jobs.map(({ job_id }, m) => ({
					claim_id,
					job_id,
					outcome: (turn + m + n) % 4 ? 'completed' : 'failed',
					fatal: true,
				}))
				await insisted(() => call(client, 'claimNextJob', [worker, 0, JSON.stringify(outcomes)]))
				if (turn % 5 === n) await insisted(() => call(client, 'retryDeadLetters', [stage.type, null, 3, true]))
			}
			working--
		}),
		...Array.from({ length: 2 }, async () => {
			const client = await db.client()
			while (working) await insisted(() => client.query('select taskq.tick()'))
		}),
	])

	for (const { id } of made) t.like(await workflowOf(db, id), await recounted(id))
	await db.query(fold)
	for (const { id } of made) t.like(await workflowOf(db, id), await recounted(id))
})
