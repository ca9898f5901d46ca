import test from 'ava'
import type { Submitted } from '../../db/calls.ts'
import { useDb } from '../support/db.ts'
import { openSession, openSessions } from '../support/sessions.ts'
import { jobIds, jobIn, makeStage, type Stage } from '../support/stage.ts'

const db = useDb(test)

const childOf = (stage: Stage, parent: string) => [JSON.stringify([{ type: stage.type, depends_on: [parent] }])]

test.serial('a child is submitted first, its parent completes meanwhile: the child is let go by that', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()
	const { claim_id } = await stage.claim()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	const [child] = await a!.call<Submitted>('submitEach', childOf(stage, parent))
	const completion = await b!.waiting('completeJob', [claim_id, parent, null])
	await a!.query('commit')
	await completion.done

	t.is(child!.status, 'blocked')
	t.is(await stage.status(child!.job_id!), 'ready')
})

test.serial('a parent completes first, a child is submitted meanwhile: the child waits for that and is ready', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()
	const { claim_id } = await stage.claim()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('completeJob', [claim_id, parent, null])
	const submit = await b!.waiting<Submitted>('submitEach', childOf(stage, parent))
	await a!.query('commit')
	const [child] = await submit.done

	t.is(child!.status, 'ready')
	t.deepEqual(jobIds(await stage.claim()), [child!.job_id])
})

test.serial('a parent’s completion is rolled back while a child waits for it: the child is blocked', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()
	const { claim_id } = await stage.claim()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('completeJob', [claim_id, parent, null])
	const submit = await b!.waiting<Submitted>('submitEach', childOf(stage, parent))
	await a!.query('rollback')
	const [child] = await submit.done
	await a!.call('completeJob', [claim_id, parent, null])

	t.is(child!.status, 'blocked')
	t.is(await stage.status(child!.job_id!), 'ready')
})

for (const state of ['ready', 'pending', 'retrying', 'blocked']) {
	test.serial(`a parent that is ${state} is cancelled while a child is submitted: the child is cancelled too`, async (t) => {
		const stage = await makeStage(db)
		const parent = await jobIn(stage, state)
		const [a, b] = await openSessions(db, 2)

		await a!.query('begin')
		const [child] = await a!.call<Submitted>('submitEach', childOf(stage, parent))
		const cancel = await b!.waiting('cancelJob', [parent, null])
		await a!.query('commit')
		await cancel.done

		t.deepEqual([child!.status, await stage.status(child!.job_id!)], ['blocked', 'cancelled'])
	})
}

test.serial('a parent is claimed while a child is submitted: the claim does not wait, and the child is let go in the end', async (t) => {
	const stage = await makeStage(db)
	const [parent] = await stage.submit({}, {})
	const session = await openSession(db)

	await session.query('begin')
	const [child] = await session.call<Submitted>('submitEach', childOf(stage, parent!))
	const during = await stage.claim(5)
	await session.query('commit')
	await stage.completeAll()
	await stage.complete(during)

	t.false(jobIds(during).includes(parent!))
	t.is(await stage.status(child!.job_id!), 'ready')
})

test.serial('a parent that failed is replayed while a child is submitted: one waits for the other', async (t) => {
	const stage = await makeStage(db)
	const parent = await jobIn(stage, 'failed')
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	const [child] = await a!.call<Submitted>('submitEach', childOf(stage, parent))
	const replay = await b!.waiting('retryJob', [parent, false])
	await a!.query('commit')
	await replay.done

	t.deepEqual([child!.status, await stage.status(parent)], ['cancelled', 'ready'])
})

test.serial('a child is submitted while its parent is replayed: the child waits and is blocked', async (t) => {
	const stage = await makeStage(db)
	const parent = await jobIn(stage, 'failed')
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('retryJob', [parent, false])
	const submit = await b!.waiting<Submitted>('submitEach', childOf(stage, parent))
	await a!.query('commit')
	const [child] = await submit.done
	await stage.completeAll()

	t.deepEqual([child!.status, await stage.status(child!.job_id!)], ['blocked', 'ready'])
})

test.serial('a completed parent is not deleted while a child that names it is being submitted', async (t) => {
	const stage = await makeStage(db)
	const parent = await jobIn(stage, 'completed')
	const session = await openSession(db)
	await db.moveClock('2 days')

	await session.query('begin')
	const [child] = await session.call<Submitted>('submitEach', childOf(stage, parent))
	await db.query('select taskq_private.delete_expired(1000)')
	await session.query('commit')

	t.is(child!.status, 'ready')
	t.is((await stage.job(child!.job_id!)).status, 'ready')
	t.deepEqual((await stage.job(child!.job_id!)).depends_on, [parent])
})
