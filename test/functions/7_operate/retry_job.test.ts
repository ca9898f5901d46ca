import { randomUUID } from 'node:crypto'
import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { errorOf, jobIn, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const retry = async (id: string, withDependents = false) =>
	(await callOne<{ status: string }>(db.pool, 'retryJob', [id, withDependents])).status

for (const state of ['failed', 'cancelled']) {
	test(`a job that is ${state} runs again from its first attempt`, async (t) => {
		const stage = await makeStage(db)
		const id = await jobIn(stage, state)

		const status = await retry(id)
		const claimed = await stage.claim()
		await stage.complete(claimed)

		t.is(status, 'ready')
		t.is(claimed.jobs[0]!.attempt, 1)
		t.is(await stage.status(id), 'completed')
	})
}

for (const state of ['pending', 'blocked', 'ready', 'running', 'retrying', 'completed']) {
	test(`a job that is ${state} cannot be retried: TQ409 with the state`, async (t) => {
		const stage = await makeStage(db)
		const id = await jobIn(stage, state)

		t.like(await errorOf(retry(id)), { code: 'TQ409', detail: state })
		t.is(await stage.status(id), state)
	})
}

test('a job that does not exist is answered TQ404', async (t) => {
	t.is(await sqlState(retry(randomUUID())), 'TQ404')
})

test('the attempts of the life before stay in the history', async (t) => {
	const stage = await makeStage(db, { task: { initial_delay_seconds: 0 } })
	const id = await stage.submitOne({ retry_config: { max_attempts: 2 } })
	await stage.report(await stage.claim(), { outcome: 'failed' })
	await stage.report(await stage.claim(), { outcome: 'failed' })
	await retry(id)
	await stage.completeAll()

	const history = await db.rows('select attempt, outcome from taskq.job_executions where job_id = $1 order by claim_id', [id])

	t.deepEqual(history, [
		{ attempt: 1, outcome: 'failed' },
		{ attempt: 2, outcome: 'failed' },
		{ attempt: 1, outcome: 'completed' },
	])
})

test('a replayed job has all its attempts again', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({ retry_config: { max_attempts: 2 } })
	await stage.failAll()
	await retry(id)

	await stage.report(await stage.claim(), { outcome: 'failed' })

	t.is(await stage.status(id), 'retrying')
})

test('a job whose dependency failed cannot be retried before that one', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()
	const child = await stage.submitOne({ depends_on: [parent] })
	await stage.failAll()

	t.like(await errorOf(retry(child)), { code: 'TQ409', detail: 'failed' })
	t.is(await stage.status(child), 'cancelled')
	await retry(parent)
	t.is(await retry(child), 'blocked')
	await stage.completeAll()
	t.is(await stage.status(child), 'ready')
})

test('a job that never ran leaves no attempt behind', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	await db.query('select taskq.cancel_job($1)', [id])

	t.is(await retry(id), 'ready')
	t.deepEqual(await db.rows('select from taskq.job_executions where job_id = $1', [id]), [])
})

test('a replay is an event, and written down', async (t) => {
	const stage = await makeStage(db)
	const id = await jobIn(stage, 'failed')

	await retry(id)

	t.is((await db.rows(`select from taskq_private.job_events where event = 'job_replayed' and job_ids = array[$1::uuid]`, [id])).length, 1)
	t.is((await db.rows(`select from taskq_private.audit_log where action = 'retry_job' and target = $1`, [id])).length, 1)
})
