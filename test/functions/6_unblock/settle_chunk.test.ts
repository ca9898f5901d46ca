import test from 'ava'
import { call, callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { countByStatus, fail } from '../../support/graph.ts'
import { makeStage, type Stage } from '../../support/stage.ts'

const db = useDb(test)

const WIDTH = 3000

/** A parent that is ready and its many children. */
async function fan(stage: Stage, child: Record<string, unknown> = {}, condition = 'success') {
	const parent = await stage.submitOne({ priority: 1 })
	await stage.submit(...Array(WIDTH).fill({ depends_on: [{ job: parent, condition }], ...child }))
	return parent
}

const unsettled = () => db.rows('select job_id, status, after_id is not null as is_begun from taskq_private.unsettled_jobs order by job_id')

/** Calls until there is no more; answers how many jobs of the stage each call moved into this status. */
async function moved(stage: Stage, status: string, step: () => Promise<unknown>): Promise<number[]> {
	const counts = [(await countByStatus(db, stage))[status] ?? 0]
	while ((await unsettled()).length) {
		await step()
		counts.push((await countByStatus(db, stage))[status] ?? 0)
	}
	return counts.slice(1).map((count, n) => count - counts[n]!)
}

const claim = (stage: Stage) => stage.claim(0)
const tick = () => callOne(db.pool, 'tick', [])

test.serial('3,000 children of a parent that completes go on in chunks, by claims alone', async (t) => {
	const stage = await makeStage(db)
	const parent = await fan(stage)
	const claimed = await stage.claim()

	await callOne(db.pool, 'completeJob', [claimed.claim_id, parent, null])
	const first = [await countByStatus(db, stage), await unsettled()]
	const { next_due_in_seconds } = await claim(stage)
	const rest = await moved(stage, 'ready', () => claim(stage))

	t.deepEqual(first, [{ completed: 1, blocked: WIDTH }, [{ job_id: parent, status: 'completed', is_begun: false }]])
	t.is(next_due_in_seconds, 0)
	t.deepEqual(rest, [1000, 1000, 0])
	t.is((await claim(stage)).next_due_in_seconds, null)
	t.deepEqual(await countByStatus(db, stage), { completed: 1, ready: WIDTH })
})

test.serial('the call that reports the end tells the first chunk, and takes from it', async (t) => {
	const stage = await makeStage(db)
	await fan(stage)
	const claimed = await stage.claim()

	const next = await callOne<{ jobs: unknown[]; next_due_in_seconds: number }>(db.pool, 'claimNextJob', [
		stage.worker,
		10,
		JSON.stringify([{ claim_id: claimed.claim_id, job_id: claimed.jobs[0]!.job_id, outcome: 'completed' }]),
	])

	t.deepEqual([next.jobs.length, next.next_due_in_seconds], [10, 0])
	t.deepEqual(await countByStatus(db, stage), { completed: 1, running: 10, ready: 990, blocked: 2000 })
	await moved(stage, 'ready', tick)
})

test.serial('ticks do it where nobody claims, and say nothing is left when they are done', async (t) => {
	const stage = await makeStage(db)
	await fan(stage)
	const { claim_id, jobs } = await stage.claim()
	await callOne(db.pool, 'completeJob', [claim_id, jobs[0]!.job_id, null])

	await tick()

	t.deepEqual(await unsettled(), [])
	t.deepEqual(await countByStatus(db, stage), { completed: 1, ready: WIDTH })
})

const ends: Record<string, (stage: Stage, parent: string) => Promise<unknown>> = {
	failed: (stage, parent) => fail(stage, parent),
	cancelled: (_, parent) => call(db.pool, 'cancelJob', [parent, null]),
}
for (const [end, act] of Object.entries(ends)) {
	test.serial(`3,000 children of a parent that is ${end} are cancelled in chunks, with the reason`, async (t) => {
		const stage = await makeStage(db)
		const parent = await fan(stage)
		await act(stage, parent)
		const rest = await moved(stage, 'cancelled', () => claim(stage))
		const reasons = await db.rows(
			`select distinct reason, error ->> 'culprit' as culprit from taskq.jobs where type = $1 and job_id <> $2`,
			[stage.type, parent],
		)

		t.true(rest.every((n) => n <= 1000) && rest.length >= 3, String(rest))
		t.deepEqual(await countByStatus(db, stage), end === 'failed' ? { failed: 1, cancelled: WIDTH } : { cancelled: WIDTH + 1 })
		t.deepEqual(reasons, [{ reason: 'dependency', culprit: parent }])
	})
}
