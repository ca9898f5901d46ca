import test from 'ava'
import { useDb } from '../support/db.ts'
import { openSession, openSessions, outcomeOf } from '../support/sessions.ts'
import { jobIn, makeStage } from '../support/stage.ts'

const db = useDb(test)

test.serial('a job is retried twice at once: one does it, the other is answered TQ409', async (t) => {
	const stage = await makeStage(db)
	const id = await jobIn(stage, 'failed')
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('retryJob', [id, false])
	const second = await b!.waiting('retryJob', [id, false])
	await a!.query('commit')

	t.is(await outcomeOf(second.done), 'TQ409')
	t.is(await stage.status(id), 'ready')
})

test.serial('a dead letter is discarded while it is retried: the discard is answered TQ409', async (t) => {
	const stage = await makeStage(db)
	const id = await jobIn(stage, 'failed')
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('retryJob', [id, false])
	const discard = await b!.waiting('discardJob', [id])
	await a!.query('commit')

	t.is(await outcomeOf(discard.done), 'TQ409')
})

test.serial('all dead letters are retried by two sessions at once: each job once', async (t) => {
	const stage = await makeStage(db)
	await stage.submit(...Array(20).fill({}))
	await stage.failAll()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	const [first] = await a!.call('retryDeadLetters', [stage.type, null, 12, false])
	const [second] = await b!.call('retryDeadLetters', [stage.type, null, 1000, false])
	await a!.query('commit')

	t.deepEqual([first!.retried, second!.retried], [12, 8])
})

test.serial('opposite dependencies are added at once: one wins, the other is answered TQ425', async (t) => {
	const stage = await makeStage(db)
	const [one, two] = await stage.submit({}, {})
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('addDependency', [one, two, 'success'])
	const second = await b!.waiting('addDependency', [two, one, 'success'])
	await a!.query('commit')

	t.is(await outcomeOf(second.done), 'TQ425')
	t.deepEqual([await stage.status(one!), await stage.status(two!)], ['blocked', 'ready'])
})

test.serial('a dependency is added to a job that is being promoted: it is found where it has gone', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({ run_at: '2999-01-01T00:00:00Z' })
	const parent = await stage.submitOne()
	await db.query('update taskq_private.waiting_jobs set due_at = now() where job_id = $1', [id])
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.query('select taskq_private.promote_due_jobs()')
	const added = await b!.waiting<{ status: string }>('addDependency', [id, parent, 'success'])
	await a!.query('commit')

	t.is((await added.done)[0]!.status, 'blocked')
})

test.serial('a dependency is added to a job that is being claimed: TQ409, it has started', async (t) => {
	const stage = await makeStage(db)
	const [id, parent] = await stage.submit({}, {})
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('claimNextJob', [stage.worker, 1, null])
	const added = await b!.waiting('addDependency', [id, parent, 'success'])
	await a!.query('commit')

	t.is(await outcomeOf(added.done), 'TQ409')
})

test.serial('a dependency is added while that job completes: the child waits for the end of it and is ready', async (t) => {
	const stage = await makeStage(db)
	const [parent, child] = await stage.submit({}, {})
	const { claim_id } = await stage.claim()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('completeJob', [claim_id, parent, null])
	const added = await b!.waiting<{ status: string }>('addDependency', [child, parent, 'success'])
	await a!.query('commit')

	t.is((await added.done)[0]!.status, 'ready')
})

test.serial('of several sessions that tick at once one does, the others go home at once', async (t) => {
	const stage = await makeStage(db)
	const ids = await stage.submit(...Array(10).fill({ run_at: new Date(Date.now() + 60_000).toISOString() }))
	await db.moveClock('61 seconds')
	const session = await openSession(db)

	await session.query('begin')
	const { rows } = await session.query('select * from taskq.tick()')
	const others = await Promise.all(Array.from({ length: 5 }, () => db.row('select * from taskq.tick()')))
	await session.query('commit')

	t.deepEqual([rows[0].ran, rows[0].promoted], [true, 10])
	t.deepEqual(
		others,
		Array(5).fill({ ran: false, promoted: null, lost_workers: null, expired_attempts: null, deleted_jobs: null, folded_workflows: null }),
	)
	t.deepEqual(new Set(await Promise.all(ids.map(stage.status))), new Set(['ready']))
})

test.serial('a queue is paused while a claim is under way: the claim stands, the next finds it paused', async (t) => {
	const stage = await makeStage(db)
	await stage.submit({ queue: 'q' }, { queue: 'q' })
	const session = await openSession(db)

	await session.query('begin')
	const [first] = await session.call<{ jobs: unknown[] }>('claimNextJob', [stage.worker, 1, null])
	await db.query(`select taskq.pause_queue('q')`)
	await session.query('commit')

	t.deepEqual([first!.jobs.length, (await stage.claim(5)).jobs.length], [1, 0])
})
