import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { makeStage } from '../../support/stage.ts'

const db = useDb(test)

test.serial('top shows what runs, heaviest first, with how long it should take and how far it is', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 8, memoryMb: 512, resources: { gpu: 1 }, task: { timeout_seconds: 600 } })
	await stage.submit({ name: 'light' }, { name: 'waits', run_at: '2999-01-01T00:00:00Z' })
	await stage.claim()
	await stage.submit(
		{ name: 'heavy', resource_requirements: { cpu_units: 4, memory_mb: 64, gpu: 1 }, expected_seconds: 40 },
		{ name: 'large', resource_requirements: { cpu_units: 4, memory_mb: 128 }, retry_config: { max_attempts: 5 } },
	)
	const { claim_id, jobs } = await stage.claim(2)
	await call(db.pool, 'reportProgress', [claim_id, jobs[0]!.job_id, 25, null])
	await call(db.pool, 'cancelJob', [jobs[1]!.job_id, null])
	await db.stopClock()
	await db.moveClock('10 seconds')

	const rows = await db.rows('select * from taskq.top')

	t.deepEqual(
		rows.map(({ name }) => name),
		['large', 'heavy', 'light'],
	)
	t.like(rows[0], { cpu_units: 4, memory_mb: 128, attempt: 1, max_attempts: 5, is_stopping: true, progress_percent: null })
	t.like(rows[1], { worker: 'test', worker_id: stage.worker, resources: { gpu: 1 }, expected_seconds: 40, progress_percent: 25 })
	t.like(rows[2], { expected_seconds: 600, timeout_seconds: 600, is_stopping: false })
	t.true(rows.every(({ running_seconds }) => Number(running_seconds) >= 10))
	t.is((await db.rows('select from taskq.list_running(2)')).length, 2)
	t.is((await db.rows('select from taskq.list_running(0)')).length, 0)
})
