import { randomUUID } from 'node:crypto'
import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { jobIn, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

for (const state of ['pending', 'blocked', 'ready', 'running', 'retrying', 'completed', 'failed', 'cancelled']) {
	test(`a job that is ${state} is shown as that, by the view and by get_job`, async (t) => {
		const stage = await makeStage(db)
		const id = await jobIn(stage, state)

		const job = await stage.job(id)
		const row = await db.row('select to_jsonb(j) as job from taskq.jobs as j where job_id = $1', [id])

		t.is(job.status, state)
		t.like(job, row.job)
		t.is(job.worker_id !== null, ['running', 'completed', 'failed', 'cancelled'].includes(state))
		t.is(job.finished_at !== null, ['completed', 'failed', 'cancelled'].includes(state))
		t.is(job.due_at !== null, ['pending', 'retrying'].includes(state))
	})
}

test('a job shows what it depends on', async (t) => {
	const stage = await makeStage(db)
	const parents = await stage.submit({}, {})
	const id = await stage.submitOne({ depends_on: parents })

	t.deepEqual((await stage.job(id)).depends_on, parents)
})

test('a job that does not exist is answered TQ404', async (t) => {
	t.is(await sqlState(callOne(db.pool, 'getJob', [randomUUID()])), 'TQ404')
})
