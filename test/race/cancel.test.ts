import test from 'ava'
import type { Claim } from '../../db/calls.ts'
import { useDb } from '../support/db.ts'
import { openSessions, outcomeOf } from '../support/sessions.ts'
import { makeStage, type Stage } from '../support/stage.ts'

const db = useDb(test)

async function runningJob(stage: Stage) {
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()
	return { id, claim_id, sessions: await openSessions(db, 2) }
}

const endings = async (id: string) =>
	(
		await db.rows(`select event from taskq_private.job_events where job_ids @> array[$1::uuid] and event ~ 'completed|failed|cancelled'`, [
			id,
		])
	).map(({ event }) => event)

test.serial('a completion goes first: the cancel that waited for it is answered TQ409', async (t) => {
	const stage = await makeStage(db)
	const { id, claim_id, sessions } = await runningJob(stage)
	const [a, b] = sessions

	await a!.query('begin')
	await a!.call('completeJob', [claim_id, id, null])
	const cancel = await b!.waiting('cancelJob', [id, null])
	await a!.query('commit')

	t.is(await outcomeOf(cancel.done), 'TQ409')
	t.deepEqual(await endings(id), ['job_completed'])
})

test.serial('a cancel goes first: the completion that waited for it still counts, and the wish is gone', async (t) => {
	const stage = await makeStage(db)
	const { id, claim_id, sessions } = await runningJob(stage)
	const [a, b] = sessions

	await a!.query('begin')
	await a!.call('cancelJob', [id, null])
	const completion = await b!.waiting('completeJob', [claim_id, id, null])
	await a!.query('commit')
	await completion.done

	t.is(await stage.status(id), 'completed')
	t.deepEqual(await endings(id), ['job_completed'])
})

test.serial('a cancel goes first and the attempt fails: the job is cancelled and not retried', async (t) => {
	const stage = await makeStage(db)
	const { id, claim_id, sessions } = await runningJob(stage)
	const [a, b] = sessions
	const failure = JSON.stringify([{ claim_id, job_id: id, outcome: 'failed' }])

	await a!.query('begin')
	await a!.call('cancelJob', [id, null])
	const report = await b!.waiting('claimNextJob', [stage.worker, 0, failure])
	await a!.query('commit')
	await report.done

	t.is(await stage.status(id), 'cancelled')
	t.deepEqual(await endings(id), ['job_cancelled'])
})

test.serial('a failure goes first: the cancel that waited for it cancels the job that waits for its retry', async (t) => {
	const stage = await makeStage(db)
	const { id, claim_id, sessions } = await runningJob(stage)
	const [a, b] = sessions

	await a!.query('begin')
	await a!.call('claimNextJob', [stage.worker, 0, JSON.stringify([{ claim_id, job_id: id, outcome: 'failed' }])])
	const cancel = await b!.waiting<{ status: string }>('cancelJob', [id, null])
	await a!.query('commit')

	t.is((await cancel.done)[0]!.status, 'cancelled')
	t.deepEqual(await endings(id), ['job_cancelled'])
})

test.serial('a claim goes first: the cancel that waited for it asks the job to stop', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('claimNextJob', [stage.worker, 1, null])
	const cancel = await b!.waiting<{ status: string }>('cancelJob', [id, null])
	await a!.query('commit')

	t.is((await cancel.done)[0]!.status, 'running')
	t.deepEqual((await stage.claim(0)).cancel_requested, [id])
})

test.serial('a cancel goes first: the claim passes over the job and does not wait', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('cancelJob', [id, null])
	const [claimed] = await b!.call<Claim>('claimNextJob', [stage.worker, 5, null])
	await a!.query('commit')

	t.deepEqual([claimed!.jobs, await stage.status(id)], [[], 'cancelled'])
})

test.serial('two cancels at once: one cancels, the other is answered TQ409', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('cancelJob', [id, null])
	const second = await b!.waiting('cancelJob', [id, null])
	await a!.query('commit')

	t.is(await outcomeOf(second.done), 'TQ409')
	t.deepEqual(await endings(id), ['job_cancelled'])
})

test.serial('a due job is promoted while it is cancelled: the cancel finds it where it has gone', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({ run_at: '2999-01-01T00:00:00Z' })
	await db.query(`update taskq_private.waiting_jobs set due_at = now() where job_id = $1`, [id])
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.query('select taskq_private.promote_due_jobs()')
	const cancel = await b!.waiting<{ status: string }>('cancelJob', [id, null])
	await a!.query('commit')

	t.is((await cancel.done)[0]!.status, 'cancelled')
})
