import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { fail } from '../../support/graph.ts'
import { errorOf, jobIn, makeStage } from '../../support/stage.ts'

const db = useDb(test)

const add = async (id: string, parent: string, condition = 'success') =>
	(await callOne<{ status: string }>(db.pool, 'addDependency', [id, parent, condition])).status

test('a new edge has a condition, and is settled by it', async (t) => {
	const stage = await makeStage(db)
	const [parent, alarm, cleanup, next] = await stage.submit({}, {}, {}, {})

	t.is(await add(alarm!, parent!, 'failure'), 'blocked')
	t.is(await add(cleanup!, parent!, 'finished'), 'blocked')
	t.is(await add(next!, parent!), 'blocked')
	t.deepEqual((await stage.job(alarm!)).depends_on, [{ job: parent, condition: 'failure' }])
	await fail(stage, parent!)
	t.deepEqual(await Promise.all([alarm!, cleanup!, next!].map(stage.status)), ['ready', 'ready', 'cancelled'])
})

const ends: [condition: string, end: string, answer: string][] = [
	['success', 'completed', 'pending'],
	['failure', 'failed', 'pending'],
	['finished', 'completed', 'pending'],
	['finished', 'cancelled', 'pending'],
	['failure', 'completed', 'TQ409'],
	['failure', 'cancelled', 'TQ409'],
	['success', 'failed', 'TQ409'],
]
for (const [condition, end, answer] of ends) {
	test(`a job that is made to wait for ${condition} of one that is ${end} is answered ${answer}`, async (t) => {
		const stage = await makeStage(db)
		const [id, parent] = [await jobIn(stage, 'pending'), await jobIn(stage, end)]

		const answered = await add(id, parent, condition).catch((error) => error.code)

		t.is(answered, answer)
		t.is(await stage.status(id), 'pending')
		t.is((await stage.job(id)).remaining_dependencies, 0)
	})
}

test('an edge that is there under another condition is refused with that', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()
	const id = await stage.submitOne({ depends_on: [{ job: parent, condition: 'finished' }] })

	for (const condition of ['success', 'failure']) t.like(await errorOf(add(id, parent, condition)), { code: 'TQ409', detail: 'finished' })
	t.is(await add(id, parent, 'finished'), 'blocked')
	t.like(await stage.job(id), { remaining_dependencies: 1, depends_on: [{ job: parent, condition: 'finished' }] })
})

test('a ready job that is given a satisfied edge keeps its place in line', async (t) => {
	const stage = await makeStage(db)
	const parent = await jobIn(stage, 'completed')
	const [first, second] = [await stage.submitOne(), await stage.submitOne()]
	const before = await stage.job(first)

	t.is(await add(first, parent), 'ready')
	t.is((await stage.job(first)).ready_at, before.ready_at)
	t.deepEqual(
		(await stage.claim(2)).jobs.map(({ job_id }) => job_id),
		[first, second],
	)
})

test('a job that comes to be blocked tells the stream, once', async (t) => {
	const stage = await makeStage(db)
	const [id, one, two, done] = [...(await stage.submit({}, {}, {})), await jobIn(stage, 'completed')]
	for (const parent of [done!, one!, two!, one!]) await add(id!, parent)

	const events = await db.rows(`select from taskq_private.job_events where event = 'job_blocked' and job_ids = array[$1::uuid]`, [id])

	t.is(events.length, 1)
})

test('a job that is made to wait for one that fails later is held if it asked for that', async (t) => {
	const stage = await makeStage(db)
	const [parent, held] = await stage.submit({}, { on_dependency_failure: 'hold' })
	await add(held!, parent!)

	await fail(stage, parent!)

	t.is(await stage.status(held!), 'blocked')
})
