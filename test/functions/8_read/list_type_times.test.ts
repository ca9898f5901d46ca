import test from 'ava'
import { useDb } from '../../support/db.ts'
import { makeStage, type Stage } from '../../support/stage.ts'

const db = useDb(test)

async function runFor(stage: Stage, seconds: number, jobs: number): Promise<void> {
	await stage.submit(...Array(jobs).fill({}))
	const claimed = await stage.claim(jobs)
	await db.moveClock(`${seconds} seconds`)
	await stage.complete(claimed)
}

test.serial('the type whose recent jobs took longest against those before comes first', async (t) => {
	await db.stopClock()
	const [steady, slower] = [await makeStage(db, { concurrency: 100 }), await makeStage(db, { concurrency: 100 })]
	for (const stage of [steady, slower]) await runFor(stage, 2, 20)
	await runFor(steady, 2, 10)
	await runFor(slower, 6, 10)

	const rows = await db.rows('select * from taskq.list_type_times(sample => 10)')

	t.deepEqual(
		rows.map(({ type, times_slower, recent_count, earlier_count }) => [type, times_slower, recent_count, earlier_count]),
		[
			[slower.type, 3, '10', '10'],
			[steady.type, 1, '10', '10'],
		],
	)
	t.like(rows[0], { recent_p50_seconds: 6, recent_p95_seconds: 6, earlier_p50_seconds: 2, earlier_p95_seconds: 2 })
})

test.serial('a type with too few ends has nothing to be slower than', async (t) => {
	const stage = await makeStage(db)
	await runFor(stage, 1, 1)

	const row = await db.row('select * from taskq.list_type_times() where type = $1', [stage.type])

	t.like(row, { recent_count: '1', earlier_count: '0', earlier_p50_seconds: null, times_slower: null })
})
