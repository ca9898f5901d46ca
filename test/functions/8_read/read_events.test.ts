import test from 'ava'
import { call, callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { openSession } from '../../support/sessions.ts'
import { makeStage } from '../../support/stage.ts'

const db = useDb(test)

interface Batch {
	horizon: string
	next_xid: string
	events: {
		id: number
		event: string
		queue: string | null
		jobs: { job_id: string; attempt: number; type: string; data: unknown }[] | null
	}[]
}

const read = async (since: string | number, missing: (string | number)[] = [], maxEvents = 500) =>
	(await callOne<{ batch: Batch }>(db.pool, 'readEvents', [since, missing, maxEvents])).batch
const position = async () => (await callOne<{ last_event_id: string }>(db.pool, 'streamPosition', [])).last_event_id
const late = async (since: string) => (await callOne<{ event_ids: string[] }>(db.pool, 'lateEvents', [since])).event_ids

test.serial('the life of a job can be read in its order', async (t) => {
	const stage = await makeStage(db)
	const since = await position()
	const id = await stage.submitOne()
	await stage.report(await stage.claim(), { outcome: 'failed', error: { name: 'E', message: 'no' }, retry_after_seconds: 0 })
	await stage.completeAll()

	const { events } = await read(since)

	t.deepEqual(
		events.map(({ event, jobs }) => [event, jobs![0]!.job_id === id, jobs![0]!.attempt]),
		[
			['job_submitted', true, null],
			['job_started', true, 1],
			['job_retrying', true, 1],
			['job_ready', true, 2],
			['job_started', true, 2],
			['job_completed', true, 2],
		],
	)
	t.like(events[0]!.jobs![0], { type: stage.type, queue: 'default', priority: 3 })
	t.deepEqual(events[2]!.jobs![0]!.data, { outcome: 'failed', error: 'no' })
})

test.serial('events of a queue have no jobs', async (t) => {
	const since = await position()
	await call(db.pool, 'pauseQueue', ['mail'])

	const { events } = await read(since)

	t.like(events[0], { event: 'queue_paused', queue: 'mail', jobs: null })
})

test.serial('a reader gets no more events than it asks for, and goes on from the last', async (t) => {
	const stage = await makeStage(db)
	const since = await position()
	for (let n = 0; n < 5; n++) await stage.submitOne()

	const first = await read(since, [], 3)
	const second = await read(first.events.at(-1)!.id, [], 3)

	t.deepEqual([first.events.length, second.events.length, (await read(await position())).events.length], [3, 2, 0])
})

test.serial('an event that commits after a later one is not lost to a reader that asks for it', async (t) => {
	const stage = await makeStage(db)
	await stage.submitOne() // makes the lane, which the two below would wait for each other about
	const session = await openSession(db)
	const since = await position()
	await session.query('begin')
	await session.query('select taskq.submit_job($1)', [stage.type])
	await stage.submitOne()
	const before = await read(since)
	const missing = [Number(since) + 1]
	await session.query('commit')

	const after = await read(before.events.at(-1)!.id, missing)

	t.deepEqual([before.events.map(({ id }) => id), after.events.map(({ id }) => id)], [[Number(since) + 2], missing])
})

test.serial('a transaction that began after the one that has passed it is waited for too', async (t) => {
	const stage = await makeStage(db)
	await stage.submitOne() // makes the lane, which the two below would wait for each other about
	const [first, second] = [await openSession(db), await openSession(db)]
	const since = await position()
	for (const session of [first, second]) {
		await session.query('begin')
		await session.query('select pg_current_xact_id()')
	}
	await second.query('select taskq.submit_job($1)', [stage.type])
	await first.query('select taskq.submit_job($1)', [stage.type])
	await first.query('commit')
	const [before, gaps] = [await read(since), await db.row('select * from taskq.stream_gaps()')]
	await second.query('commit')
	const after = await read(before.events.at(-1)!.id, [Number(since) + 1])

	t.deepEqual([before.events.map(({ id }) => id), after.events.map(({ id }) => id)], [[Number(since) + 2], [Number(since) + 1]])
	t.true(BigInt(before.horizon) < BigInt(before.next_xid), 'else its reader would give it up')
	t.true(BigInt(gaps.horizon) < BigInt(gaps.next_xid))
})

test.serial('an id that will never come is known by the horizon', async (t) => {
	const stage = await makeStage(db)
	await stage.submitOne() // makes the lane, which the two below would wait for each other about
	const session = await openSession(db)
	const since = await position()
	await session.query('begin')
	await session.query('select taskq.submit_job($1)', [stage.type])
	await stage.submitOne()
	const during = await read(since)
	await session.query('rollback')
	let after = await read(since)
	// transactions of other databases, those of other tests, hold the horizon back too
	while (BigInt(after.horizon) < BigInt(during.next_xid)) after = await read(since)

	t.true(BigInt(during.horizon) < BigInt(during.next_xid))
	t.deepEqual(
		after.events.map(({ id }) => id),
		[Number(since) + 2],
	)
})

test.serial('who resumes after an event is shown those before it that it may not have seen', async (t) => {
	const stage = await makeStage(db)
	const session = await openSession(db)
	await stage.submitOne()
	await session.query('begin')
	await session.query('select taskq.submit_job($1)', [stage.type])
	const hidden = (await session.query('select max(event_id) as id from taskq_private.job_events')).rows[0].id
	await stage.submitOne()
	const seen = await position()
	await session.query('commit')

	t.true((await late(seen)).includes(hidden))
	t.false((await late(seen)).includes(seen))
	t.deepEqual([await late('0'), await late('999999')], [[], []])
})

test.serial('the position is the newest and the oldest event', async (t) => {
	const stage = await makeStage(db)
	await stage.submitOne()

	const { min, max } = await db.row('select min(event_id), max(event_id) from taskq_private.job_events')

	t.deepEqual(await callOne(db.pool, 'streamPosition', []), { last_event_id: max, first_event_id: min })
})
