import test from 'ava'
import { useDb } from '../support/db.ts'
import { openSession, openSessions, outcomeOf } from '../support/sessions.ts'
import { makeStage, sqlState } from '../support/stage.ts'

const db = useDb(test)

const tick = (session: { query: (sql: string) => Promise<{ rows: Record<string, number>[] }> }) =>
	session.query('select * from taskq.tick()').then(({ rows }) => rows[0]!)

const statusOfWorker = async (worker: string) => (await db.row('select status from taskq.workers where worker_id = $1', [worker])).status

test.serial('a rescue goes first: the completion that waited for it is turned away', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()
	await db.moveClock('31 seconds')
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await tick(a!)
	const completion = await b!.waiting('completeJob', [claim_id, id, null])
	await a!.query('commit')

	t.is(await outcomeOf(completion.done), 'TQ411')
	t.is(await stage.status(id), 'ready')
})

test.serial('a call that waited for the rescue of its worker is answered TQ412 if it would take jobs', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()
	await db.moveClock('31 seconds')
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await tick(a!)
	const report = await b!.waiting('claimNextJob', [stage.worker, 1, JSON.stringify([{ claim_id, job_id: id, outcome: 'completed' }])])
	await a!.query('commit')

	t.is(await outcomeOf(report.done), 'TQ412')
	t.is(await stage.status(id), 'ready')
})

test.serial('a report that waited for the rescue of its worker changes nothing, and is told so', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()
	await db.moveClock('31 seconds')
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await tick(a!)
	const report = await b!.waiting('claimNextJob', [stage.worker, 0, JSON.stringify([{ claim_id, job_id: id, outcome: 'completed' }])])
	await a!.query('commit')

	t.like((await report.done)[0], { rejected: [id] })
	t.is(await stage.status(id), 'ready')
})

test.serial('a completion goes first: the rescue finds nothing to give away, and nothing is un-completed', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()
	await db.moveClock('31 seconds')
	const session = await openSession(db)

	await session.query('begin')
	await session.call('completeJob', [claim_id, id, null])
	const rescue = tick({ query: (sql) => db.query(sql) })
	await session.query('commit')

	t.is((await rescue).lost_workers, 1)
	t.is(await stage.status(id), 'completed')
})

test.serial('a job that was rescued and runs elsewhere is not ended by its first worker', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()
	await db.moveClock('31 seconds')
	await db.query('select taskq.tick()')
	const second = await stage.addWorker()
	const again = await stage.claim(1, second)
	const session = await openSession(db)

	const late = [
		await outcomeOf(session.call('completeJob', [claim_id, id, null])),
		await outcomeOf(session.call('reportProgress', [claim_id, id, 50, null])),
		await sqlState(session.query(`select taskq.fail_job($1, $2, 'late', true)`, [claim_id, id])),
	]

	t.deepEqual(late, ['TQ411', 'TQ411', 'TQ411'])
	t.is(again.jobs[0]!.job_id, id)
	t.is(await stage.status(id), 'running')
})

test.serial('an attempt that times out while its worker reports it ends once', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({ timeout_seconds: 1, retry_config: { max_attempts: 1 } })
	const { claim_id } = await stage.claim()
	await db.moveClock('20 seconds')
	const session = await openSession(db)

	await session.query('begin')
	await session.call('completeJob', [claim_id, id, null])
	const { expired_attempts } = await db.row('select * from taskq.tick()')
	await session.query('commit')

	t.deepEqual([expired_attempts, await stage.status(id)], [0, 'completed'])
})

test.serial('a claim that is under way when its worker is looked at is not cut short', async (t) => {
	const stage = await makeStage(db)
	await stage.submitOne()
	await db.moveClock('31 seconds')
	const session = await openSession(db)

	await session.query('begin')
	await session.call('claimNextJob', [stage.worker, 1, null])
	await db.query('select taskq.tick()')
	const during = await statusOfWorker(stage.worker)
	await session.query('commit')
	await db.query('select taskq.tick()')

	t.deepEqual([during, await statusOfWorker(stage.worker)], ['active', 'lost'])
})
