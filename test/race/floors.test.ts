import test from 'ava'
import type { Claim } from '../../db/calls.ts'
import { useDb } from '../support/db.ts'
import { openSession, openSessions, type Session } from '../support/sessions.ts'
import { jobIds, makeStage, type Stage } from '../support/stage.ts'

const db = useDb(test)

const floorsOf = async (session: Session) =>
	(await session.query(`select nullif(current_setting('taskq.lane_floors', true), '')::jsonb as floors`)).rows[0].floors

/** Claims and completes until nothing is left. */
async function drain(session: Session, stage: Stage): Promise<string[]> {
	const [claimed] = await session.call<Claim>('claimNextJob', [stage.worker, 1000, null])
	const ids = jobIds(claimed!)
	if (ids.length === 0) return []
	await stage.complete(claimed!)
	return [...ids, ...(await drain(session, stage))]
}

test.serial('a job that commits behind where a session begins to look is claimed within the time of its next full look', async (t) => {
	const stage = await makeStage(db)
	await stage.submitOne() // makes the lane
	await stage.completeAll()
	const [holder, late, claimer] = await openSessions(db, 3)
	await holder!.query('begin isolation level repeatable read')
	await holder!.query('select count(*) from taskq_private.ready_jobs')
	await late!.query('begin')
	const { rows } = await late!.query('select job_id from taskq.submit_job($1)', [stage.type])
	const submit = async () => {
		await stage.submit(...Array(3000).fill({}))
		await db.query('select pg_sleep(0.15)') // a floor is a tenth of a second behind what was seen
	}
	await submit()
	await drain(claimer!, stage)
	await submit()
	const before = await drain(claimer!, stage)
	await drain(claimer!, stage)
	const floors = await floorsOf(claimer!)
	// the next full look is far away; what follows does not depend on how fast this machine is
	await claimer!.query(`select set_config('taskq.lane_floors', $1, false)`, [
		JSON.stringify({ ...floors, full_at: Date.now() / 1000 + 60 }),
	])

	await late!.query('commit')
	const behind = await drain(claimer!, stage)
	const preview = await db.rows('select job_id from taskq.claim_preview($1)', [stage.worker])
	await db.moveClock('61 seconds')
	const found = await drain(claimer!, stage)
	await holder!.query('rollback')

	t.is(before.length, 3000)
	t.deepEqual([behind, preview, found], [[], [{ job_id: rows[0].job_id }], [rows[0].job_id]])
})

test.serial('it is claimed at once by a session that knows nothing', async (t) => {
	const stage = await makeStage(db)
	const knows = await openSession(db)
	await stage.submitOne()
	const { lane_id: lane } = await db.row('select lane_id from taskq_private.lanes where type = $1', [stage.type])
	await knows.query(`select set_config('taskq.lane_floors', $1, false)`, [
		JSON.stringify({ full_at: 4e9, lanes: { [lane]: Date.now() / 1000 + 3600 } }),
	])

	const [hidden] = await knows.call<Claim>('claimNextJob', [stage.worker, 1, null])
	const seen = await stage.claim()

	t.deepEqual([hidden!.jobs.length, seen.jobs.length], [0, 1])
})
