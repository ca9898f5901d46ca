import test from 'ava'
import type { Claim } from '../../db/calls.ts'
import { useDb } from '../support/db.ts'
import { openSessions, outcomeOf } from '../support/sessions.ts'
import { makeStage } from '../support/stage.ts'

const db = useDb(test)

const report = (claim: Claim, worker: string, jobId: string, outcome = 'completed') =>
	[worker, 0, JSON.stringify([{ claim_id: claim.claim_id, job_id: jobId, outcome }])] as const

test.serial('two jobs of one claim end at once: both are ended, and the claim with them', async (t) => {
	const stage = await makeStage(db)
	const [first, second] = await stage.submit({}, {})
	const claimed = await stage.claim(2)
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('completeJob', [claimed.claim_id, first, null])
	const other = await b!.waiting<Claim>('claimNextJob', [...report(claimed, stage.worker, second!)])
	await a!.query('commit')

	t.deepEqual((await other.done)[0]!.rejected, [])
	t.deepEqual([await stage.status(first!), await stage.status(second!)], ['completed', 'completed'])
	t.deepEqual(await db.rows('select from taskq_private.claims where claim_id = $1', [claimed.claim_id]), [])
})

test.serial('one job is completed and reported at once: the report is rejected', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const claimed = await stage.claim()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('completeJob', [claimed.claim_id, id, 1])
	const other = await b!.waiting<Claim>('claimNextJob', [...report(claimed, stage.worker, id, 'failed')])
	await a!.query('commit')

	t.deepEqual((await other.done)[0]!.rejected, [id])
	t.like(await stage.job(id), { status: 'completed', result: 1 })
})

test.serial('a completion that is rolled back leaves the job to the report that waited for it', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const claimed = await stage.claim()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('completeJob', [claimed.claim_id, id, null])
	const other = await b!.waiting<Claim>('claimNextJob', [...report(claimed, stage.worker, id, 'failed')])
	await a!.query('rollback')

	t.deepEqual((await other.done)[0]!.rejected, [])
	t.is(await stage.status(id), 'retrying')
})

test.serial('progress and lines that wait for a completion are turned away after it', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()
	const [a, b, c] = await openSessions(db, 3)
	const line = JSON.stringify([{ claim_id, job_id: id, message: 'late' }])

	await a!.query('begin')
	await a!.call('completeJob', [claim_id, id, null])
	const progress = await b!.waiting('reportProgress', [claim_id, id, 50, null])
	const log = await c!.waiting<{ rejected: string[] }>('logJobs', [line])
	await a!.query('commit')

	t.is(await outcomeOf(progress.done), 'TQ411')
	t.deepEqual((await log.done)[0]!.rejected, [id])
})

test.serial('a worker says goodbye while it reports: what it reported counts, the rest goes back', async (t) => {
	const stage = await makeStage(db)
	const [done, left] = await stage.submit({}, {})
	const claimed = await stage.claim(2)
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('claimNextJob', [...report(claimed, stage.worker, done!)])
	const goodbye = await b!.waiting<{ released: number }>('stopWorker', [stage.worker])
	await a!.query('commit')

	t.is((await goodbye.done)[0]!.released, 1)
	t.deepEqual([await stage.status(done!), await stage.status(left!)], ['completed', 'ready'])
})
