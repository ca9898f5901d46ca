import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const queueRow = (queue: string) => db.row('select * from taskq.queues where queue = $1', [queue])
const pause = (queue: string) => call(db.pool, 'pauseQueue', [queue])
const resume = (queue: string) => call(db.pool, 'resumeQueue', [queue])

test('a queue is paused and resumed', async (t) => {
	await pause('mail')
	const paused = await queueRow('mail')
	await resume('mail')
	const resumed = await queueRow('mail')

	t.truthy(paused.paused_at)
	t.truthy(paused.paused_by)
	t.deepEqual([resumed.paused_at, resumed.paused_by], [null, null])
})

test('a queue that is paused again stays paused since the first time', async (t) => {
	await pause('twice')
	const first = await queueRow('twice')

	await pause('twice')

	t.deepEqual((await queueRow('twice')).paused_at, first.paused_at)
})

test('a queue can be paused before its first job, and takes jobs meanwhile', async (t) => {
	const stage = await makeStage(db)
	await pause('not-yet')

	const id = await stage.submitOne({ queue: 'not-yet' })

	t.is(await stage.status(id), 'ready')
	t.deepEqual((await stage.claim()).jobs, [])
})

test('what runs goes on', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({ queue: 'running' })
	const claimed = await stage.claim()
	await pause('running')

	await stage.complete(claimed)

	t.is(await stage.status(id), 'completed')
})

test('a queue that nobody named cannot be resumed', async (t) => {
	t.is(await sqlState(resume('nobody')), 'TQ404')
})

test('both are events of the queue, and written down', async (t) => {
	await pause('events')
	await resume('events')

	const events = await db.rows(`select event from taskq_private.job_events where queue = 'events' order by event_id`)
	const audit = await db.rows(`select action from taskq_private.audit_log where target = 'events' order by audit_id`)

	t.deepEqual(
		[events.map(({ event }) => event), audit.map(({ action }) => action)],
		[
			['queue_paused', 'queue_resumed'],
			['pause_queue', 'resume_queue'],
		],
	)
})

test('what cannot be the name of a queue is answered TQ422', async (t) => {
	for (const name of ['', 'a b', 'é', 'x'.repeat(101)]) t.is(await sqlState(pause(name)), 'TQ422', name)
	t.is(await sqlState(db.query('select taskq.set_queue_aging($1, 5)', ['a b'])), 'TQ422')
})
