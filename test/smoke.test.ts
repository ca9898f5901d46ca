import test from 'ava'
import { claim, registerTypes, registerWorker, statusOf, submit, useDb } from './support/db.ts'

const db = useDb(test)

test('a job is submitted, claimed and completed', async (t) => {
	await registerTypes(db, 'echo')
	const worker = await registerWorker(db)
	const job = await submit(db)

	const claimed = await claim(db, worker)
	await claim(db, worker, 0, [{ claim_id: claimed.claim_id!, job_id: job.id, outcome: 'completed', result: 1 }])

	t.is(claimed.jobs[0]!.job_id, job.id)
	t.is(await statusOf(db, job.id), 'completed')
})
