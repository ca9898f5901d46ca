import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const report = (claimId: string | null, id: string, percent: unknown, data: unknown = null) =>
	call(db.pool, 'reportProgress', [claimId, id, percent, data && JSON.stringify(data)])

test('the last report is what get_job shows', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()

	await report(claim_id, id, 10)
	await report(claim_id, id, 55.5, { step: 2 })

	t.like((await stage.job(id)).progress, { percent: 55.5, data: { step: 2 } })
})

test('a percent that is none is answered TQ422', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()

	for (const bad of [-1, 100.1, null, 'NaN', 'Infinity']) t.is(await sqlState(report(claim_id, id, bad)), 'TQ422', String(bad))
	t.is((await stage.job(id)).progress, null)
})

test('a report whose claim was lost is answered TQ411', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const claimed = await stage.claim()
	await stage.complete(claimed)

	t.is(await sqlState(report(claimed.claim_id, id, 50)), 'TQ411')
	t.is(await sqlState(report(null, id, 50)), 'TQ411')
})

test('progress goes when the attempt ends', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const claimed = await stage.claim()
	await report(claimed.claim_id, id, 50)

	await stage.report(claimed, { outcome: 'failed' })

	t.is((await stage.job(id)).progress, null)
})

test('progress goes into the stream', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()

	await report(claim_id, id, 50)

	const event = await db.row(`select * from taskq_private.job_events where event = 'job_progress' and job_ids = array[$1::uuid]`, [id])
	t.deepEqual(event.data, [{ percent: 50, data: null }])
})
