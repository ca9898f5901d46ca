import test from 'ava'
import { useDb } from '../../support/db.ts'
import { jobIds, makeStage } from '../../support/stage.ts'

const db = useDb(test)

test.serial('a higher priority goes first, whenever it came', async (t) => {
	const stage = await makeStage(db)
	const priorities = [10, 4, 3, 2, 1, 5, 'low', 'critical', 'normal', 'high']
	await stage.submit(...priorities.map((priority) => ({ priority })))
	await db.moveClock('10 years')
	await stage.submit({ priority: 2 })

	const claimed = await stage.claim(100)
	const taken = await Promise.all(jobIds(claimed).map(async (id) => (await stage.job(id)).priority))

	t.deepEqual(taken, [1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 10])
})

test.serial('within a priority the one that is ready longest goes first, over all lanes', async (t) => {
	const stage = await makeStage(db, { memoryMb: 1000 })
	const ids: string[] = []
	for (const memory_mb of [5, 1, 9, 1, 5]) ids.push(await stage.submitOne({ resource_requirements: { memory_mb } }))

	const taken: string[] = []
	for (const _ of ids) taken.push(...jobIds(await stage.claim()))

	t.deepEqual(taken, ids)
})

test.serial('a claim of several takes those that single claims would have taken', async (t) => {
	const stage = await makeStage(db, { memoryMb: 1000 })
	const sizes = [5, 1, 9, 1, 5, 9, 9, 1]
	const ids = await stage.submit(...sizes.map((memory_mb) => ({ resource_requirements: { memory_mb } })))

	t.deepEqual(jobIds(await stage.claim(5)).sort(), ids.slice(0, 5))
})

test.serial('a paused queue is passed over until it is resumed', async (t) => {
	const stage = await makeStage(db)
	const [paused, open] = await stage.submit({ queue: 'paused' }, { queue: 'open' })
	await db.query(`select taskq.pause_queue('paused')`)

	const during = jobIds(await stage.claim(5))
	await db.query(`select taskq.resume_queue('paused')`)
	const after = jobIds(await stage.claim(5))

	t.deepEqual([during, after], [[open], [paused]])
})

test.serial('a worker is given only the types that it runs', async (t) => {
	const stage = await makeStage(db)
	const stranger = await makeStage(db)
	await stage.submitOne()

	t.deepEqual((await stranger.claim(5)).jobs, [])
})

test.serial('a worker that serves some queues is given nothing of others, one that names none serves all', async (t) => {
	const stage = await makeStage(db)
	const mailer = await stage.addWorker({ queues: ['mail', 'letters'] })
	const idle = await stage.addWorker({ queues: [] })
	const [, mail] = await stage.submit({ queue: 'other' }, { queue: 'mail' })

	const taken = [(await stage.claim(5, idle)).jobs.length, jobIds(await stage.claim(5, mailer)), (await stage.claim(5)).jobs.length]

	t.deepEqual(taken, [0, [mail], 1])
})

test.serial('with aging, waiting weighs against priority', async (t) => {
	const stage = await makeStage(db)
	await db.query(`select taskq.set_queue_aging('aging', 60)`)
	const low = await stage.submitOne({ queue: 'aging', priority: 4 })
	await db.moveClock('100 seconds')
	const normal = await stage.submitOne({ queue: 'aging', priority: 3 })
	const critical = await stage.submitOne({ queue: 'aging', priority: 1 })

	// low has waited for 100 s: worth more than the one level to normal, less than the three to critical
	t.deepEqual(jobIds(await stage.claim(3)), [critical, low, normal])
})

test.serial('with aging, a low job waits a bounded time', async (t) => {
	const stage = await makeStage(db)
	await db.query(`select taskq.set_queue_aging('bounded', 60)`)
	const lowest = await stage.submitOne({ queue: 'bounded', priority: 10 })
	await db.moveClock('541 seconds')
	await stage.submit(...Array(20).fill({ queue: 'bounded', priority: 1 }))

	t.deepEqual(jobIds(await stage.claim()), [lowest])
})

test.serial('without aging, no wait makes up for a level', async (t) => {
	const stage = await makeStage(db)
	const low = await stage.submitOne({ queue: 'strict', priority: 10 })
	await db.moveClock('20 years')
	const high = await stage.submitOne({ queue: 'strict', priority: 9 })

	t.deepEqual(jobIds(await stage.claim(2)), [high, low])
})

test.serial('a lane whose head was taken shows its next job', async (t) => {
	const stage = await makeStage(db)
	const ids = await stage.submit({}, {}, {}, {})

	const taken = [await stage.claim(1), await stage.claim(2), await stage.claim(2)].map(jobIds)

	t.deepEqual(taken, [[ids[0]], [ids[1], ids[2]], [ids[3]]])
})
