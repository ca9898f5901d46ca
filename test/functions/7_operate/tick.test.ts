import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { makeStage } from '../../support/stage.ts'

const db = useDb(test)

const tick = () => callOne(db.pool, 'tick', [])
const inAMinute = () => new Date(Date.now() + 60_000).toISOString()

test.serial('a tick with nothing to do says so', async (t) => {
	t.deepEqual(await tick(), { ran: true, promoted: 0, lost_workers: 0, expired_attempts: 0, deleted_jobs: 0, folded_workflows: 0 })
})

test.serial('a tick does all that is due and counts it', async (t) => {
	const stage = await makeStage(db)
	await db.query('select taskq.configure(job_ttl_seconds => 60, worker_lost_seconds => 3600)')
	await stage.submitOne()
	await stage.completeAll()
	await stage.submit({ timeout_seconds: 10, priority: 1 }, { run_at: inAMinute() }, { run_at: inAMinute() })
	await stage.claim(1)
	await db.moveClock('2 minutes')

	t.deepEqual(await tick(), { ran: true, promoted: 2, lost_workers: 0, expired_attempts: 1, deleted_jobs: 1, folded_workflows: 0 })
	await db.moveClock('2 hours')
	t.is((await tick()).lost_workers, 1)
})

test.serial('a lock that anybody can take does not keep tick from its work', async (t) => {
	const stranger = await db.client()
	await stranger.query('set role taskq_reader')
	await stranger.query('select pg_advisory_lock(lock) from generate_series(1952541550, 1952541560) as lock')

	const { ran } = await db.row('select * from taskq.tick()')
	await stranger.end()

	t.true(ran)
})
