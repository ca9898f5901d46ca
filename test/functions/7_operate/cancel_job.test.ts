import { randomUUID } from 'node:crypto'
import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { errorOf, jobIn, makeStage } from '../../support/stage.ts'

const db = useDb(test)

const cancel = async (id: string, reason: string | null = null) =>
	(await callOne<{ status: string }>(db.pool, 'cancelJob', [id, reason])).status

for (const state of ['pending', 'blocked', 'ready', 'retrying']) {
	test(`a job that is ${state} is cancelled`, async (t) => {
		const stage = await makeStage(db)
		const id = await jobIn(stage, state)

		const status = await cancel(id, 'changed my mind')

		t.is(status, 'cancelled')
		t.like(await stage.job(id), { status: 'cancelled', reason: 'requested', error: { message: 'changed my mind' } })
	})
}

for (const state of ['completed', 'failed', 'cancelled']) {
	test(`a job that is ${state} cannot be cancelled: TQ409 with the state`, async (t) => {
		const stage = await makeStage(db)
		const id = await jobIn(stage, state)

		t.like(await errorOf(cancel(id)), { code: 'TQ409', detail: state })
		t.is(await stage.status(id), state)
	})
}

test('a running job is asked to stop, and ends when its worker says so', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const claimed = await stage.claim()

	const asked = [await cancel(id), await cancel(id)]
	const before = await stage.job(id)
	await stage.report(claimed, { outcome: 'cancelled' })

	t.deepEqual(asked, ['running', 'running'])
	t.is(before.status, 'running')
	t.truthy(before.cancel_requested_at)
	t.like(await stage.job(id), { status: 'cancelled', reason: 'requested', cancel_requested_at: null })
})

test('the worker of a running job is told at once', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	await stage.claim()
	const listener = await db.client()
	const told = new Promise<void>((resolve) => listener.on('notification', ({ payload }) => payload === stage.worker && resolve()))
	await listener.query('listen taskq_cancel')

	await cancel(id)

	await told
	t.pass()
})

test('a job that was asked to stop and completes all the same is completed', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const claimed = await stage.claim()
	await cancel(id)

	await stage.complete(claimed)

	t.is(await stage.status(id), 'completed')
})

test('what depends on a cancelled job is cancelled too', async (t) => {
	const stage = await makeStage(db)
	const parent = await jobIn(stage, 'pending')
	const child = await stage.submitOne({ depends_on: [parent] })
	const grandchild = await stage.submitOne({ depends_on: [child] })

	await cancel(parent)

	t.deepEqual([await stage.status(child), await stage.status(grandchild)], ['cancelled', 'cancelled'])
})

test('a job that does not exist is answered TQ404', async (t) => {
	t.is((await errorOf(cancel(randomUUID()))).code, 'TQ404')
	t.is((await errorOf(db.query('select taskq.cancel_job(null)'))).code, 'TQ404')
})

test('who cancelled is written down, a cancel that was refused is not', async (t) => {
	const stage = await makeStage(db)
	const [cancelled, refused] = [await jobIn(stage, 'ready'), await jobIn(stage, 'completed')]
	await cancel(cancelled, 'why not')
	await errorOf(cancel(refused))

	const audit = await db.rows('select action, target, details from taskq_private.audit_log where target = any ($1)', [[cancelled, refused]])

	t.deepEqual(audit, [{ action: 'cancel_job', target: cancelled, details: { reason: 'why not' } }])
})
