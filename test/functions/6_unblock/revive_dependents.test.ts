import test from 'ava'
import { call } from '../../../db/calls.ts'
import { type Db, useDb } from '../../support/db.ts'
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

test.serial('3,000 children that were cancelled come back in chunks, and run', async (t) => {
	const stage = await makeStage(db)
	const parent = await fan(stage)
	await fail(stage, parent)
	await moved(stage, 'cancelled', () => claim(stage))

	await call(db.pool, 'retryJob', [parent, true])
	const first = [await countByStatus(db, stage), await unsettled()]
	const rest = await moved(stage, 'blocked', () => claim(stage))
	await stage.completeAll()
	await moved(stage, 'ready', () => claim(stage))

	t.deepEqual(first, [{ ready: 1, cancelled: WIDTH }, [{ job_id: parent, status: 'ready', is_begun: false }]])
	t.deepEqual(rest, [1000, 1000, 1000, 0])
	t.deepEqual(await countByStatus(db, stage), { completed: 1, ready: WIDTH })
})

for (const [condition, end, expected] of [
	['success', 'completed', 'ready'],
	['failure', 'failed', 'ready'],
	['success', 'failed', 'cancelled'],
] as const) {
	test.serial(`a parent that is ${end} again before its children have come back finds them all ${expected} in the end`, async (t) => {
		const stage = await makeStage(db)
		const parent = await fan(stage, {}, condition)
		await call(db.pool, 'cancelJob', [parent, null])
		await moved(stage, 'cancelled', () => claim(stage))
		await call(db.pool, 'retryJob', [parent, true])

		await stage.report(await stage.claim(), { outcome: end, fatal: true })
		await moved(stage, expected, () => claim(stage))

		t.deepEqual(await countByStatus(db, stage), { [end]: 1, [expected]: WIDTH })
	})
}

test.serial('jobs of a level that end before theirs have come back let them go all the same', async (t) => {
	const stage = await makeStage(db)
	const top = await stage.submitOne()
	const level = await stage.submit(...Array(600).fill({ depends_on: [top] }))
	await stage.submit(...level.map((parent) => ({ depends_on: [parent] })))
	await fail(stage, top)
	await moved(stage, 'cancelled', () => claim(stage))

	await call(db.pool, 'retryJob', [top, true])
	await endInPlace(db, top)
	for (const id of level) await endInPlace(db, id)
	await moved(stage, 'ready', () => claim(stage))

	t.deepEqual(await countByStatus(db, stage), { completed: 601, ready: 600 })
})

/** Completes a ready job without a claim call, which would tell a chunk. */
async function endInPlace(db: Db, id: string): Promise<void> {
	await db.query(
		`with taken as (delete from taskq_private.ready_jobs where job_id = $1 returning *), held as (
			insert into taskq_private.claims (worker_id, claimed_at, expires_at, job_ids, lane_ids, attempts)
			select (select worker_id from taskq_private.workers limit 1), now(), now() + interval '1 hour', array[job_id], array[lane_id], array[attempt] from taken
			returning claim_id
		) select claim_id from held`,
		[id],
	)
	await db.query('select taskq.complete_job(claim_id, $1) from taskq_private.claims where job_ids @> array[$1::uuid]', [id])
}

test.serial('a replay in the middle of the cancelling brings back what was cancelled, and leaves the rest as it is', async (t) => {
	const stage = await makeStage(db)
	const parent = await fan(stage)
	await fail(stage, parent)
	await claim(stage)
	const middle = await countByStatus(db, stage)

	await call(db.pool, 'retryJob', [parent, true])
	await moved(stage, 'blocked', () => claim(stage))
	const after = await countByStatus(db, stage)
	await stage.completeAll()
	await moved(stage, 'ready', () => claim(stage))

	t.true(middle.cancelled! < WIDTH && middle.blocked! > 0)
	t.deepEqual(after, { ready: 1, blocked: WIDTH })
	t.deepEqual(await countByStatus(db, stage), { completed: 1, ready: WIDTH })
})

test.serial('a replay without its dependents in the middle of the cancelling ends it', async (t) => {
	const stage = await makeStage(db)
	const parent = await fan(stage)
	await fail(stage, parent)
	await claim(stage)
	const middle = await countByStatus(db, stage)

	await call(db.pool, 'retryJob', [parent, false])
	await claim(stage)

	t.deepEqual([await unsettled(), await countByStatus(db, stage)], [[], { ready: 1, blocked: middle.blocked, cancelled: middle.cancelled }])
})
