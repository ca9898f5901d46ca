import test from 'ava'
import { useDb } from '../../support/db.ts'
import { jobIds, makeStage, type Stage } from '../../support/stage.ts'

const db = useDb(test)

/** As rescue_lost_workers() does once it has found a worker dead. */
const die = (worker: string) => db.query("select taskq_private.end_worker($1, 'lost', 'lost')", [worker])

/** A stage whose own worker is out of the way: its tests count workers. */
async function makeEmptyStage(): Promise<Stage> {
	const stage = await makeStage(db)
	await db.query('select taskq.stop_worker($1)', [stage.worker])
	return stage
}

/** A worker takes what it is given, and dies. */
async function crash(stage: Stage, maxJobs = 10): Promise<string[]> {
	const worker = await stage.addWorker()
	const claimed = await stage.claim(maxJobs, worker)
	await die(worker)
	return jobIds(claimed)
}

async function suspects(stage: Stage, count: number): Promise<string[]> {
	const ids = await stage.submit(...Array(count).fill({}))
	await crash(stage, count)
	await crash(stage, count)
	return ids
}

const take = async (stage: Stage, worker: string) => jobIds(await stage.claim(10, worker))
const complete = (worker: string) =>
	db.query(
		`select taskq.complete_job(c.claim_id, u.job_id) from taskq_private.claims as c cross join unnest(c.job_ids) as u (job_id) where c.worker_id = $1`,
		[worker],
	)
const statusesOf = (stage: Stage, ids: string[]) => Promise.all(ids.map(stage.status))

test.serial('of many jobs that two workers died with, one at a time runs, alone, and only that one is charged with a third', async (t) => {
	const stage = await makeEmptyStage()
	const ids = await suspects(stage, 3)
	const worker = await stage.addWorker()

	const held = [...(await take(stage, worker)), ...(await take(stage, worker))]
	await die(worker)

	t.deepEqual(held, [ids[0]!])
	t.deepEqual(await statusesOf(stage, ids), ['failed', 'ready', 'ready'])
	t.is((await stage.job(ids[0]!)).reason, 'crashed')
})

test.serial('the others run one after the other, and their worker goes on with what else there is', async (t) => {
	const stage = await makeEmptyStage()
	const ids = await suspects(stage, 2)
	const others = await stage.submit({}, {})
	const worker = await stage.addWorker()

	const taken = []
	for (let n = 0; n < 3; n++) {
		taken.push(await take(stage, worker))
		await complete(worker)
	}

	t.deepEqual(taken, [[ids[0]!], [ids[1]!], others])
	await db.query('select taskq.tick()')
	t.is((await db.row('select count(*)::int as n from taskq_private.suspects where job_id = any ($1)', [ids])).n, 0)
})

test.serial('one job with which a worker died twice beside others is not failed while it never died alone', async (t) => {
	const stage = await makeEmptyStage()
	const [id] = await suspects(stage, 2)
	await db.query("update taskq_private.ready_jobs set ready_at = now() where ready_at = 'infinity'") // as if all had been given back
	await stage.submitOne()

	const died = await crash(stage)

	t.is(died.length, 3)
	t.is(await stage.status(id!), 'ready')
	t.is((await take(stage, await stage.addWorker())).length, 1)
})

test.serial(
	'a busy worker goes on while a suspect is new, then takes nothing more until it is empty, and then the suspect; half of the workers go on',
	async (t) => {
		const stage = await makeEmptyStage()
		const workers = await Promise.all(Array.from({ length: 4 }, () => stage.addWorker()))
		await stage.submit({}, {}, {}, {})
		for (const worker of workers) await stage.claim(1, worker)
		const [suspect] = await suspects(stage, 1)
		await stage.submit(...Array(12).fill({}))

		const byNumber = (
			await db.rows('select worker_id from taskq_private.workers where worker_id = any ($1) order by worker_number', [workers])
		).map(({ worker_id }) => worker_id)
		const claimAll = async () => {
			const counts = []
			for (const worker of byNumber) counts.push(jobIds(await stage.claim(1, worker)).length)
			return counts
		}
		t.deepEqual(await claimAll(), [1, 1, 1, 1])
		await db.query(`update taskq_private.suspects set suspected_at = suspected_at - interval '6 seconds'`)
		t.deepEqual(await claimAll(), [0, 1, 1, 1])
		await complete(byNumber[0])

		t.deepEqual(await take(stage, byNumber[0]), [suspect!])
		t.deepEqual(jobIds(await stage.claim(1, byNumber[1])).length, 1)
	},
)

test.serial('at most half of the workers run suspects at a time', async (t) => {
	const stage = await makeEmptyStage()
	const ids = await suspects(stage, 4)
	const workers = await Promise.all(Array.from({ length: 4 }, () => stage.addWorker()))

	const taken = []
	for (const worker of workers) taken.push(await take(stage, worker))

	t.deepEqual(taken, [[ids[0]!], [ids[1]!], [], []])
})

test.serial('a suspect tells why it waits, has no place in line, and can be cancelled', async (t) => {
	const stage = await makeEmptyStage()
	const [first, second] = await suspects(stage, 2)
	const worker = await stage.addWorker()
	const explain = async (id: string) => (await db.rows('select * from taskq.explain_job($1)', [id]))[0]
	const before = await explain(first!)
	await stage.claim(10, worker)

	const after = await explain(second!)
	await db.query('select taskq.cancel_job($1)', [second])

	t.is(before!.code, 'runnable')
	t.like(after, { code: 'waiting_for_capacity', details: { runs_alone: true } })
	t.regex(after!.message, /alone/)
	t.is((await stage.job(second!)).status, 'cancelled')
	await complete(worker)
	await stage.submitOne()
	t.is((await take(stage, worker)).length, 1)
})

test.serial('a suspect that its worker gives back, or that is made to wait for another job, is one no more', async (t) => {
	const stage = await makeEmptyStage()
	const [released, delayed] = await suspects(stage, 2)
	const worker = await stage.addWorker()
	await stage.claim(1, worker)
	const parent = await stage.submitOne({ run_at: '2999-01-01T00:00:00Z' })

	await db.query('select taskq.stop_worker($1)', [worker])
	await db.query('select taskq.add_dependency($1, $2)', [delayed, parent])
	await db.query('select taskq.tick()')

	t.deepEqual(await statusesOf(stage, [released!, delayed!]), ['ready', 'blocked'])
	t.not((await stage.job(released!)).ready_at, null)
	t.is((await db.row('select count(*)::int as n from taskq_private.suspects where job_id = any ($1)', [[released, delayed]])).n, 0)
})

test.serial('a suspect waits for the pools that it needs, and no worker is kept empty for that', async (t) => {
	const stage = await makeEmptyStage()
	await db.query("select taskq.set_pool('licence', 1)")
	const suspect = await stage.submitOne({ resource_requirements: { licence: 1 } })
	await crash(stage)
	await crash(stage)
	const [holder, other] = [await stage.addWorker(), await stage.addWorker()]
	await db.query("update taskq_private.queues set paused_at = now() where queue = 'default'")
	const taker = await stage.submitOne({ queue: 'elsewhere', resource_requirements: { licence: 1 } })
	const held = await take(stage, holder)
	await db.query("update taskq_private.queues set paused_at = null where queue = 'default'")
	const plain = await stage.submitOne()

	const meanwhile = await take(stage, other)
	await complete(holder)
	await complete(other)

	t.deepEqual([held, meanwhile], [[taker], [plain]])
	t.deepEqual(await take(stage, other), [suspect])
	await complete(other)
})

test.serial('a suspect of a paused queue waits with it, and keeps no worker from other work', async (t) => {
	const stage = await makeEmptyStage()
	const ids = await stage.submit({ queue: 'stopped' })
	await crash(stage)
	await crash(stage)
	await db.query("select taskq.pause_queue('stopped')")
	const other = await stage.submitOne()
	const worker = await stage.addWorker()

	const meanwhile = await take(stage, worker)
	await complete(worker)
	await db.query("select taskq.resume_queue('stopped')")

	t.deepEqual([meanwhile, await take(stage, worker)], [[other], ids])
	await complete(worker)
})

test.serial('a suspect keeps its concurrency key, so the next of that key waits for its end', async (t) => {
	const stage = await makeEmptyStage()
	const [first, second] = await stage.submit({ concurrency_key: 'one' }, { concurrency_key: 'one' })
	await crash(stage)
	await crash(stage)
	const worker = await stage.addWorker()
	const alone = await take(stage, worker)
	const waiting = await stage.status(second!)

	await complete(worker)

	t.deepEqual([alone, waiting, await stage.status(second!)], [[first!], 'blocked', 'ready'])
	t.deepEqual(await take(stage, worker), [second!])
	await complete(worker)
})

test.serial('two workers that come for one suspect at once: one has it, alone, and neither anything beside it', async (t) => {
	const stage = await makeEmptyStage()
	const ids = await suspects(stage, 1)
	await stage.submit({}, {})
	const [a, b] = [await stage.addWorker(), await stage.addWorker()]
	const [one, other] = [await db.client(), await db.client()]
	await one.query('begin')
	const taken = await one.query('select jobs from taskq.claim_next_job($1, 10)', [a])

	const meanwhile = await other.query('select jobs from taskq.claim_next_job($1, 10)', [b])
	await one.query('commit')
	const after = await take(stage, b)

	t.deepEqual(
		taken.rows[0].jobs.map((job: { job_id: string }) => job.job_id),
		ids,
	)
	t.deepEqual(meanwhile.rows[0].jobs, [])
	t.is(after.length, 2)
	await complete(a)
	await complete(b)
})
