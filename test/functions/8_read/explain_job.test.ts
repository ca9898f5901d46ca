import { randomUUID } from 'node:crypto'
import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { jobIn, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const explain = (id: string) => call<{ code: string; details: Record<string, unknown> }>(db.pool, 'explainJob', [id])
const codes = async (id: string) => (await explain(id)).map(({ code }) => code)

for (const state of ['running', 'completed', 'failed', 'cancelled']) {
	test(`a job that is ${state} is just that`, async (t) => {
		const stage = await makeStage(db)

		t.deepEqual(await codes(await jobIn(stage, state)), [state])
	})
}

test('a pending job waits for its time, and so does a retrying one', async (t) => {
	const stage = await makeStage(db)

	t.deepEqual(await codes(await jobIn(stage, 'pending')), ['waiting_until'])
	t.deepEqual(await codes(await jobIn(stage, 'retrying')), ['waiting_until'])
})

test('a blocked job names what it waits for', async (t) => {
	const stage = await makeStage(db)
	const parents = [await jobIn(stage, 'pending'), await jobIn(stage, 'pending')]
	const id = await stage.submitOne({ depends_on: [...parents, await jobIn(stage, 'completed')] })

	const [reason] = await explain(id)

	t.like(reason, { code: 'blocked_by', details: { job_ids: parents } })
})

test('a held job names what holds it, and apart from that what it still waits for', async (t) => {
	const stage = await makeStage(db)
	const [failed, pending, cancelled] = [await jobIn(stage, 'failed'), await jobIn(stage, 'pending'), await jobIn(stage, 'cancelled')]
	const depends_on = [
		failed,
		{ job: cancelled, condition: 'failure' },
		pending,
		{ job: failed.toUpperCase() },
		await jobIn(stage, 'completed'),
	]
	const id = await stage.submitOne({ depends_on, on_dependency_failure: 'hold' })

	const reasons = await explain(id)

	t.deepEqual(Object.fromEntries(reasons.map(({ code, details }) => [code, details.job_ids])), {
		held_by: [failed, cancelled].sort(),
		blocked_by: [pending],
	})
})

test('a ready job that finds no room has its place in line', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 1, task: { cpu_units: 1 } })
	await stage.submitOne()
	await stage.claim()
	const ids = await stage.submit({}, {}, {})

	const reasons = await Promise.all(ids.map(explain))

	t.deepEqual(
		reasons.map((rows) => rows.map(({ code, details }) => [code, details.place_in_line])),
		[1, 2, 3].map((place) => [['waiting_for_capacity', place]]),
	)
})

test('a paused queue, a type that nobody runs, a job too large: each is a reason of its own', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 4 })
	const [paused, large] = await stage.submit({ queue: stage.type }, { resource_requirements: { cpu_units: 5 } })
	await db.query('select taskq.pause_queue($1)', [stage.type])
	const lonely = await makeStage(db)
	const orphan = await lonely.submitOne()
	await db.query('select taskq.drain_worker($1)', [lonely.worker])

	t.is((await codes(paused!))[0], 'queue_paused')
	t.deepEqual(await codes(large!), ['larger_than_every_worker'])
	t.deepEqual(await codes(orphan), ['no_worker_for_type'])
})

test('a job with several reasons is given them all', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 1 })
	const parent = await jobIn(stage, 'pending')
	const queue = stage.type
	const id = await stage.submitOne({ queue, run_at: '2999-01-01T00:00:00Z', depends_on: [parent], resource_requirements: { cpu_units: 5 } })
	await db.query('select taskq.pause_queue($1)', [queue])

	t.deepEqual(await codes(id), ['blocked_by', 'waiting_until', 'queue_paused', 'larger_than_every_worker'])
})

test('what serves another queue is no worker for it', async (t) => {
	const stage = await makeStage(db, { queues: ['mail'] })

	t.deepEqual(await codes(await stage.submitOne({ queue: 'other' })), ['no_worker_for_type'])
})

test('a job that does not exist is answered TQ404', async (t) => {
	t.is(await sqlState(explain(randomUUID())), 'TQ404')
})
