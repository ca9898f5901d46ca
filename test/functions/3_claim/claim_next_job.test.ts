import { randomUUID } from 'node:crypto'
import test from 'ava'
import { claim, useDb } from '../../support/db.ts'
import { jobIds, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

test.serial('a claimed job comes with all that is needed to run it', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({
		...{ payload: { a: [1] }, queue: 'mail', timeout_seconds: 9, retry_config: { max_attempts: 4 }, trace_context: 'trace' },
	})

	const claimed = await stage.claim()

	t.deepEqual(claimed.jobs, [
		{
			...{ job_id: id, type: stage.type, queue: 'mail', attempt: 1, max_attempts: 4, timeout_seconds: 9 },
			...{ payload: { a: [1] }, trace_context: 'trace' },
		},
	])
	t.like(await stage.job(id), { status: 'running', worker_id: stage.worker })
})

test.serial('the jobs of one claim come in their order, also when it took them from several lanes', async (t) => {
	const stage = await makeStage(db)
	const ids: string[] = []
	for (const [priority, memory_mb] of [
		[3, 1],
		[3, 2],
		[1, 3],
		[3, 1],
		[3, 2],
		[1, 4],
	])
		ids.push(await stage.submitOne({ priority, resource_requirements: { memory_mb } }))

	const claimed = await stage.claim(6)

	t.deepEqual(
		jobIds(claimed),
		[2, 5, 0, 1, 3, 4].map((n) => ids[n]),
	)
})

test.serial('without work the answer is empty', async (t) => {
	const stage = await makeStage(db)

	const claimed = await stage.claim(5)

	t.deepEqual(claimed, { claim_id: null, jobs: [], rejected: [], cancel_requested: [], next_due_in_seconds: null })
})

test.serial('no more jobs are taken than asked for, one if nothing is said, none for 0 or less', async (t) => {
	const stage = await makeStage(db)
	await stage.submit(...Array(10).fill({}))

	const one = await db.row('select * from taskq.claim_next_job($1)', [stage.worker])
	const counts = [one.jobs.length]
	for (const maxJobs of [0, -1, 3, 100]) counts.push((await stage.claim(maxJobs)).jobs.length)

	t.deepEqual(counts, [1, 0, 0, 3, 6])
})

test.serial('the jobs of one call share a claim, and no claim_id comes twice', async (t) => {
	const stage = await makeStage(db)
	await stage.submit({}, {}, {})

	const first = await stage.claim(2)
	const second = await stage.claim(2)
	const claims = await db.rows('select claim_id, cardinality(job_ids) as jobs from taskq_private.claims where worker_id = $1 order by 1', [
		stage.worker,
	])

	t.deepEqual(claims, [
		{ claim_id: first.claim_id, jobs: 2 },
		{ claim_id: second.claim_id, jobs: 1 },
	])
})

test.serial('outcomes are recorded in the same call, before the look: what they free can be taken', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 1, task: { cpu_units: 1 } })
	const [first, second] = await stage.submit({}, {})
	const held = await stage.claim(5)

	const next = await claim(db, stage.worker, 5, [{ claim_id: held.claim_id!, job_id: first!, outcome: 'completed', result: 7 }])

	t.deepEqual([jobIds(held), jobIds(next), next.rejected], [[first], [second], []])
	t.like(await stage.job(first!), { status: 'completed', result: 7 })
})

test.serial('due jobs are promoted by the same call', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({ run_at: new Date(Date.now() + 60_000).toISOString() })
	await db.moveClock('61 seconds')

	t.deepEqual(jobIds(await stage.claim()), [id])
})

test.serial('the answer says when the next waiting job is due', async (t) => {
	const stage = await makeStage(db)
	const { now } = await db.row('select extract(epoch from taskq_private.clock()) as now')
	await stage.submit({ run_at: new Date((now + 600) * 1000).toISOString() }, { run_at: new Date((now + 60) * 1000).toISOString() })

	const { next_due_in_seconds } = await stage.claim()

	t.true(next_due_in_seconds! > 50 && next_due_in_seconds! <= 60)
})

test.serial('the answer names the jobs of this worker that were asked to stop', async (t) => {
	const stage = await makeStage(db)
	const other = await stage.addWorker()
	const [mine] = await stage.submit({}, {})
	await stage.claim()
	await stage.claim(1, other)
	await db.query('select taskq.cancel_job($1)', [mine])

	const answers = [(await stage.claim()).cancel_requested, (await stage.claim(1, other)).cancel_requested]

	t.deepEqual(answers, [[mine], []])
})

test.serial('a worker that is not registered is answered TQ404', async (t) => {
	t.is(await sqlState(claim(db, randomUUID())), 'TQ404')
})

test.serial('a worker that stopped or was lost is answered TQ412, and its outcomes are not recorded', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const claimed = await stage.claim()
	await db.query('select taskq.stop_worker($1)', [stage.worker])

	t.is(await sqlState(stage.complete(claimed)), 'TQ412')
	t.is(await stage.status(id), 'ready')
	await db.query(`update taskq_private.workers set status = 'lost' where worker_id = $1`, [stage.worker])
	t.is(await sqlState(stage.claim()), 'TQ412')
})

test.serial('a draining worker takes nothing new and can still report', async (t) => {
	const stage = await makeStage(db)
	const [first] = await stage.submit({}, {})
	const held = await stage.claim()
	await db.query('select taskq.drain_worker($1)', [stage.worker])

	const next = await claim(db, stage.worker, 5, [{ claim_id: held.claim_id!, job_id: first!, outcome: 'completed' }])

	t.deepEqual(next.jobs, [])
	t.is(await stage.status(first!), 'completed')
})

test.serial('an event tells what started', async (t) => {
	const stage = await makeStage(db)
	const ids = await stage.submit({}, {})

	await stage.claim(2)

	const { job_ids, attempts } = await db.row(
		`select * from taskq_private.job_events where event = 'job_started' order by event_id desc limit 1`,
	)
	t.deepEqual([job_ids, attempts], [ids, [1, 1]])
})
