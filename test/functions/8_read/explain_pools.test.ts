import test from 'ava'
import { useDb } from '../../support/db.ts'
import { codesOf, cpus, explain, makePool, makeRate, needs } from '../../support/resources.ts'
import { jobIds, makeStage } from '../../support/stage.ts'

const db = useDb(test)

test.serial('a job that the next claim takes is runnable, and says by whom', async (t) => {
	const stage = await makeStage(db)
	const other = await stage.addWorker({ cpuUnits: 1 })
	const id = await stage.submitOne(cpus(2))

	const [reason] = await explain(db, id)

	t.like(reason, { code: 'runnable', details: { worker_ids: [stage.worker] } })
	t.deepEqual([jobIds(await stage.claim(1, other)), jobIds(await stage.claim())], [[], [id]])
})

test.serial('a pool that is out names its numbers and the jobs that hold it', async (t) => {
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 3)
	const [first, second, third] = await stage.submit(needs({ [pool]: 1 }), needs({ [pool]: 1.5 }), needs({ [pool]: 1 }))
	await stage.claim(5)

	const [reason, ...more] = await explain(db, third!)

	t.deepEqual(more, [])
	t.like(reason, { code: 'pool_exhausted', message: `Pool ${pool} allows 3, and 0.5 is left.` })
	t.like(reason!.details, { pool, capacity: 3, free: 0.5, needs: 1, next_in_seconds: null, job_ids: [first, second].sort() })
})

test.serial('each pool that is out is a reason, limits of queue and type too', async (t) => {
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 1)
	await db.query('select taskq.set_limit(type => $1, max_running => 1)', [stage.type])
	await stage.submitOne(needs({ [pool]: 1 }))
	await stage.claim()
	const id = await stage.submitOne(needs({ [pool]: 1 }))

	t.deepEqual((await explain(db, id)).map(({ code, details }) => [code, details.pool]).sort(), [
		['pool_exhausted', pool],
		['pool_exhausted', `type:${stage.type}`],
	])
})

test.serial('a job that asks for more than a pool ever has is told so', async (t) => {
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 1)
	const id = await stage.submitOne(needs({ [pool]: 2 }))

	const [reason] = await explain(db, id)

	t.is(reason!.code, 'larger_than_pool')
	t.is(reason!.message, `It asks for 2 of pool ${pool}, which never allows more than 1.`)
})

test.serial('a rate says in how many seconds it allows the next', async (t) => {
	await db.stopClock()
	const stage = await makeStage(db)
	const pool = await makeRate(db, stage, 60, 60, 1)
	const ids = await stage.submit(needs({ [pool]: 1 }), needs({ [pool]: 1 }))
	const before = await codesOf(db, ids[1]!)
	await stage.claim(5)
	await db.moveClock('0.25 seconds')

	const [reason] = await explain(db, ids[1]!)
	await db.moveClock('0.75 seconds')

	t.deepEqual(before, ['waiting_for_capacity'], 'the first takes what there is')
	t.like(reason, { code: 'pool_exhausted', details: { pool, next_in_seconds: 0.75, job_ids: [] } })
	t.deepEqual(await codesOf(db, ids[1]!), ['runnable'])
})

test.serial('a job that asks for more gpus than any worker has is larger than every worker', async (t) => {
	const stage = await makeStage(db, { resources: { gpu: 1 } })
	await stage.addWorker({ resources: { disk_gb: 5 } })
	const [id, apart] = await stage.submit(needs({ gpu: 2 }), needs({ gpu: 1, disk_gb: 1 }))

	const [reason] = await explain(db, id!)

	t.like(reason, { code: 'larger_than_every_worker', details: { gpu: 2 } })
	t.true(reason!.message.includes('2 gpu'))
	t.deepEqual(await codesOf(db, apart!), ['larger_than_every_worker'], 'one has a gpu and another one the disk')
})

test.serial('a submit warns of it', async (t) => {
	const stage = await makeStage(db, { resources: { gpu: 1 } })

	const { warnings } = await db.row(`select warnings from taskq.submit_job($1, resources => '{"gpu": 2}')`, [stage.type])

	t.is(warnings.length, 1)
	t.true(warnings[0].includes('gpu'))
})

test.serial('a job that others come before waits for capacity, with its place in line', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 1 })
	const ids = await stage.submit(cpus(1), cpus(1), cpus(1))

	const reasons = await Promise.all(ids.map((id) => explain(db, id)))

	t.deepEqual(
		reasons.map(([reason]) => [reason!.code, reason!.details.place_in_line]),
		[
			['runnable', undefined],
			['waiting_for_capacity', 2],
			['waiting_for_capacity', 3],
		],
	)
})

test.serial('a parked job of a paused queue is told both', async (t) => {
	const stage = await makeStage(db)
	const queue = stage.type
	const ids = await stage.submit({ queue, concurrency_key: queue }, { queue, concurrency_key: queue })
	await db.query('select taskq.pause_queue($1)', [queue])

	t.deepEqual([await codesOf(db, ids[0]!), await codesOf(db, ids[1]!)], [['queue_paused'], ['concurrency_limit', 'queue_paused']])
})

test.serial('a job that is due and that no one has looked at yet is told its time', async (t) => {
	const stage = await makeStage(db)
	const { at } = await db.row(`select taskq_private.clock() + interval '60 seconds' as at`)
	const id = await stage.submitOne({ run_at: at.toISOString() })
	await db.moveClock('61 seconds')

	t.deepEqual(await codesOf(db, id), ['waiting_until'])
	t.deepEqual(jobIds(await stage.claim()), [id])
})
