import test from 'ava'
import { claim, useDb } from '../../support/db.ts'
import { jobIds, makeStage } from '../../support/stage.ts'

const db = useDb(test)

test.serial('a lost or released attempt is not charged, a failed or timed-out one is', async (t) => {
	const stage = await makeStage(db, { task: { initial_delay_seconds: 0, max_attempts: 9 } })
	const id = await stage.submitOne()
	const attempts: number[] = []
	for (const outcome of ['released', 'failed', 'lost', 'timed_out', 'released', 'failed'] as const) {
		const claimed = await stage.claim()
		attempts.push(claimed.jobs[0]!.attempt)
		await stage.report(claimed, { outcome: outcome as 'failed' })
	}

	t.deepEqual(attempts, [1, 1, 2, 2, 3, 3])
	t.is((await stage.job(id)).attempt, 4)
})

test.serial('a handler can say when to come again, within bounds', async (t) => {
	const stage = await makeStage(db)
	const ids = await stage.submit({}, {}, {})
	const { claim_id } = await stage.claim(3)
	const waits = [90, 1e18, -5]

	await claim(
		db,
		stage.worker,
		0,
		ids.map((job_id, n) => ({ claim_id: claim_id!, job_id, outcome: 'failed', retry_after_seconds: waits[n]! })),
	)

	const due = await db.rows(
		'select ceil(extract(epoch from due_at - taskq_private.clock()))::int as seconds from taskq_private.waiting_jobs where job_id = any ($1) order by job_id',
		[ids],
	)
	t.is(await stage.status(ids[2]!), 'ready')
	t.deepEqual(
		due.map(({ seconds }) => seconds),
		[90, 5_184_000],
	)
})

test.serial('a released job comes before what was submitted after its claim', async (t) => {
	const stage = await makeStage(db)
	const first = await stage.submitOne()
	const claimed = await stage.claim()
	const second = await stage.submitOne()
	await stage.report(claimed, { outcome: 'released' })

	t.deepEqual(jobIds(await stage.claim(2)), [first, second])
})
