import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { makeStage, type Stage } from '../../support/stage.ts'

const db = useDb(test)

const p95 = async (stage: Stage): Promise<number | null> =>
	(await db.row('select p95_seconds from taskq_private.task_types where type = $1', [stage.type])).p95_seconds

/** Runs one job after the other, each for so many seconds. */
async function run(stage: Stage, seconds: number[], outcome = 'completed'): Promise<void> {
	await stage.submit(...seconds.map((_, n) => ({ priority: (n % 2) + 1 })))
	for (const each of seconds) {
		const claimed = await stage.claim()
		await db.moveClock(`${each} seconds`)
		await stage.report(claimed, { outcome: outcome as 'completed', fatal: true })
	}
}

test.serial('what 95 of 100 recent jobs took at most is measured over all lanes of a type, once a minute', async (t) => {
	await db.stopClock()
	const stage = await makeStage(db)
	await db.query('update taskq_private.task_types set measured_at = null')
	await db.query('select taskq_private.measure_types()')
	const seen = [await p95(stage)]
	await run(
		stage,
		Array.from({ length: 21 }, (_, n) => n),
	)
	await db.query('select taskq_private.measure_types()')
	seen.push(await p95(stage))
	await run(stage, [30])
	await db.moveClock('-30 seconds')
	await db.query('select taskq_private.measure_types()')
	seen.push(await p95(stage))

	t.deepEqual(seen, [null, 19, 19])
})

test.serial('only completed jobs count, and a type without any keeps what it had', async (t) => {
	await db.stopClock()
	const stage = await makeStage(db)
	await run(stage, [5, 5])
	await run(stage, [900], 'failed')
	await db.query('select taskq_private.measure_types()')
	const before = await p95(stage)
	await db.query(`select taskq_private.delete_jobs(array(select job_id from taskq.jobs where type = $1))`, [stage.type])
	await db.moveClock('2 minutes')
	await call(db.pool, 'tick')

	t.deepEqual([before, await p95(stage)], [5, 5])
})

test.serial('each call measures one type, the one measured longest ago', async (t) => {
	await db.moveClock('1 hour')
	const stages = [await makeStage(db), await makeStage(db)]
	await db.query('update taskq_private.task_types set measured_at = taskq_private.clock()')
	await db.query(`update taskq_private.task_types set measured_at = taskq_private.clock() - interval '10 minutes' where type = $1`, [
		stages[0]!.type,
	])
	await db.query(`update taskq_private.task_types set measured_at = taskq_private.clock() - interval '20 minutes' where type = $1`, [
		stages[1]!.type,
	])
	await run(stages[0]!, [1])
	await run(stages[1]!, [2])

	const seen: unknown[] = []
	for (const _ of [1, 2]) {
		await db.query('select taskq_private.measure_types()')
		seen.push(await Promise.all(stages.map(p95)))
	}

	t.deepEqual(seen, [
		[null, 2],
		[1, 2],
	])
})
