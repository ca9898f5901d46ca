import test from 'ava'
import { useDb } from '../../support/db.ts'
import { makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const fail = async (claimId: string | null, id: string, rest = '') =>
	(await db.row(`select taskq.fail_job($1, $2, 'no luck'${rest}) as status`, [claimId, id])).status

test('a failed attempt is retried, and its error is in the history', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()

	const status = await fail(claim_id, id)

	t.is(status, 'retrying')
	t.like(await stage.job(id), { status: 'retrying', attempt: 2 })
	t.like(await db.row('select * from taskq.job_executions where job_id = $1', [id]), {
		attempt: 1,
		outcome: 'failed',
		error: { message: 'no luck' },
	})
})

test('the last attempt that fails fails the job', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({ retry_config: { max_attempts: 1 } })
	const { claim_id } = await stage.claim()

	t.is(await fail(claim_id, id), 'failed')
	t.like(await stage.job(id), { status: 'failed', reason: 'attempts_exhausted', error: { message: 'no luck' } })
})

test('a fatal error fails the job at once', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()

	t.is(await fail(claim_id, id, ', true'), 'failed')
	t.is((await stage.job(id)).reason, 'fatal')
})

test('a failure whose claim was lost is answered TQ411', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const claimed = await stage.claim()
	await stage.complete(claimed)

	t.is(await sqlState(fail(claimed.claim_id, id)), 'TQ411')
	t.is(await stage.status(id), 'completed')
})
