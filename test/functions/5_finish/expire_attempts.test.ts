import test from 'ava'
import { useDb } from '../../support/db.ts'
import { makeStage } from '../../support/stage.ts'

const db = useDb(test)

const expire = async () => (await db.row('select taskq_private.expire_attempts() as n')).n as number

test.serial('an attempt that outran its timeout and the grace after it is ended', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({ timeout_seconds: 10 })
	const claimed = await stage.claim()
	await db.moveClock('24 seconds')
	const early = await expire()
	await db.moveClock('2 seconds')

	const late = await expire()

	t.deepEqual([early, late], [0, 1])
	t.like(await stage.job(id), { status: 'retrying', attempt: 2 })
	t.is((await db.row('select outcome from taskq.job_executions where job_id = $1', [id])).outcome, 'timed_out')
	t.deepEqual((await stage.complete(claimed)).rejected, [id])
})

test.serial('the last attempt that outruns its timeout fails the job', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({ timeout_seconds: 10, retry_config: { max_attempts: 1 } })
	await stage.claim()
	await db.moveClock('26 seconds')

	await expire()

	t.like(await stage.job(id), { status: 'failed', reason: 'attempts_exhausted' })
})

test.serial('of the jobs of one claim each has its own timeout', async (t) => {
	const stage = await makeStage(db)
	const ids = await stage.submit({ timeout_seconds: 10 }, { timeout_seconds: 100 }, { timeout_seconds: 50 })
	await stage.claim(3)
	const ended: number[] = []
	const running: number[] = []
	for (const wait of ['26 seconds', '40 seconds', '40 seconds', '30 seconds']) {
		await db.moveClock(wait)
		ended.push(await expire())
		running.push((await Promise.all(ids.map(stage.status))).filter((status) => status === 'running').length)
	}

	t.deepEqual(
		[ended, running],
		[
			[1, 1, 0, 1],
			[2, 1, 1, 0],
		],
	)
})

test.serial('the job with the shortest timeout ending early does not end the others early', async (t) => {
	const stage = await makeStage(db)
	const [short, long] = await stage.submit({ timeout_seconds: 10 }, { timeout_seconds: 100 })
	const claimed = await stage.claim(2)
	await stage.complete(claimed, [short!])
	await db.moveClock('60 seconds')

	t.deepEqual([await expire(), await stage.status(long!)], [0, 'running'])
})

test.serial('a job that was asked to stop and did not is cancelled after the grace', async (t) => {
	const stage = await makeStage(db)
	const [asked, other] = await stage.submit({}, {})
	await stage.claim(2)
	await db.query('select taskq.cancel_job($1)', [asked])
	await db.moveClock('14 seconds')
	const early = await expire()
	await db.moveClock('2 seconds')

	const late = await expire()

	t.deepEqual([early, late], [0, 1])
	t.like(await stage.job(asked!), { status: 'cancelled', reason: 'requested' })
	t.is(await stage.status(other!), 'running')
})
