import test from 'ava'
import { useDb } from '../../support/db.ts'
import { until } from '../../support/patience.ts'
import { jobIn, makeStage } from '../../support/stage.ts'

const db = useDb(test)
const status = () => db.row('select * from taskq.status')

test.serial('status counts the jobs of each state, says what is late and due, who works and what is granted', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 8, memoryMb: 512, concurrency: 7, task: { cpu_units: 1.5, memory_mb: 64 } })
	const idle = await makeStage(db)
	await db.query('select taskq.drain_worker($1)', [idle.worker])
	await jobIn(stage, 'pending')
	await jobIn(stage, 'blocked')
	for (const state of ['retrying', 'completed', 'failed', 'running', 'ready']) await jobIn(stage, state)
	await stage.submit({ queue: 'stopped' }, {})
	await db.query(`select taskq.pause_queue('stopped')`)
	await db.moveClock('30 seconds')

	const row = await status()

	t.like(row, { ready_count: '3', running_count: '1', pending_count: '2', blocked_count: '1', retrying_count: '1', failed_count: '1' })
	t.like(row, { finished_count: '2', is_estimate: false, ended_per_second: 0.03, failed_per_second: 0.02, ticked_at: null })
	t.like(row, { active_workers: '1', draining_workers: '1', lost_workers: '0', slots: '7', is_read_only: false })
	t.like(row, { cpu_units: 8, granted_cpu_units: 1.5, memory_mb: '512', granted_memory_mb: '64', paused_queues: ['stopped'] })
	t.true(Number(row.oldest_ready_seconds) >= 30 && Number(row.database_bytes) > 1e6)
	t.is(row.next_due_at.getTime() - row.at.getTime() < 3_600_000, true)
	await db.query('select taskq.tick()')
	t.truthy((await status()).ticked_at)
})

test.serial('counts over ten thousand are estimates, and say so', async (t) => {
	const stage = await makeStage(db)
	await stage.submit(...Array(12_000).fill({ run_at: '2999-01-01T00:00:00Z' }))
	await stage.submit(...Array(11_000).fill({}))

	t.true((await status()).is_estimate)
	const { pending, ready } = await db.row(
		`select count(*) filter (where status = 'pending') as pending, count(*) filter (where status = 'ready') as ready from taskq.jobs`,
	)
	await until(async () => {
		const { pending_count, ready_count } = await status() // statistics are a moment late
		return pending_count === pending && ready_count === ready
	})
	t.true(Number(pending) >= 12_000 && Number(ready) >= 11_000, 'what was submitted is what was counted')
})
