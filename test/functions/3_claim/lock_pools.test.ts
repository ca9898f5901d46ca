import test from 'ava'
import { useDb } from '../../support/db.ts'
import { makePool, needs, poolOf } from '../../support/resources.ts'
import { jobIds, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

test.serial('what a pool has granted never exceeds its capacity, over all workers', async (t) => {
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 3)
	const other = await stage.addWorker()
	await stage.submit(...Array(5).fill(needs({ [pool]: 1 })))

	const taken = [await stage.claim(2), await stage.claim(5, other), await stage.claim(5)].map((claimed) => claimed.jobs.length)

	t.deepEqual(taken, [2, 1, 0])
	t.deepEqual(await poolOf(db, pool), { capacity: 3, granted: 3, free: 0 })
})

test.serial('jobs take several at once and fractions, and what does not fit is passed over', async (t) => {
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 2)
	const ids = await stage.submit(...[1.5, 1, 0.3, 0.2].map((amount) => needs({ [pool]: amount })))

	const claimed = await stage.claim(10)

	t.deepEqual(jobIds(claimed), [ids[0], ids[2], ids[3]])
	t.deepEqual(await poolOf(db, pool), { capacity: 2, granted: 2, free: 0 })
})

const ends: Record<string, (stage: Awaited<ReturnType<typeof makeStage>>, claimed: Awaited<ReturnType<typeof stage.claim>>) => unknown> = {
	completed: (stage, claimed) => stage.complete(claimed),
	failed: (stage, claimed) => stage.report(claimed, { outcome: 'failed', fatal: true }),
	'to be retried': (stage, claimed) => stage.report(claimed, { outcome: 'failed' }),
	cancelled: (stage, claimed) => stage.report(claimed, { outcome: 'cancelled' }),
	'given back': (stage, claimed) => stage.report(claimed, { outcome: 'released' }),
	'lost with its worker': (stage) => db.query(`select taskq_private.end_worker($1, 'lost', 'lost')`, [stage.worker]),
	'released by a worker that stops': (stage) => db.query('select taskq.stop_worker($1)', [stage.worker]),
}
for (const [what, end] of Object.entries(ends)) {
	test.serial(`a pool has back what a job held that is ${what}`, async (t) => {
		const stage = await makeStage(db)
		const pool = await makePool(db, stage, 1)
		await stage.submitOne(needs({ [pool]: 1 }))
		const claimed = await stage.claim()
		const before = await poolOf(db, pool)

		await end(stage, claimed)

		t.deepEqual([before.free, (await poolOf(db, pool)).free], [0, 1])
	})
}

test.serial('a job that takes of two pools needs room in both', async (t) => {
	const stage = await makeStage(db)
	const wide = await makePool(db, stage, 5, 'wide')
	const narrow = await makePool(db, stage, 1, 'narrow')
	const ids = await stage.submit(needs({ [wide]: 1, [narrow]: 1 }), needs({ [wide]: 1, [narrow]: 1 }), needs({ [wide]: 1 }))

	t.deepEqual(jobIds(await stage.claim(5)), [ids[0], ids[2]])
})

test.serial('a pool of none lets nothing go, until there is more of it', async (t) => {
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 0)
	const id = await stage.submitOne(needs({ [pool]: 1 }))
	const before = jobIds(await stage.claim(5))
	await makePool(db, stage, 1)

	t.deepEqual([before, jobIds(await stage.claim(5))], [[], [id]])
})

test.serial('less capacity ends nothing, and nothing new goes out until there is room', async (t) => {
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 3)
	await stage.submit(...Array(4).fill(needs({ [pool]: 1 })))
	const held = await stage.claim(3)
	await makePool(db, stage, 1)

	const taken = [(await stage.claim(3)).jobs.length]
	await stage.complete(held, jobIds(held).slice(0, 2))
	taken.push((await stage.claim(3)).jobs.length)
	await stage.complete(held, jobIds(held).slice(2))
	taken.push((await stage.claim(3)).jobs.length)

	t.deepEqual(taken, [0, 0, 1])
})

test.serial('a pool cannot take the name of a resource that a live worker has', async (t) => {
	const stage = await makeStage(db)
	const name = `licence-${stage.type}`
	await stage.addWorker({ resources: { [name]: 1 } })

	t.is(await sqlState(db.query('select taskq.set_pool($1, 3)', [name])), 'TQ409')
})

test.serial('what has waited for long gets its turn at a pool, however many small jobs come after it', async (t) => {
	await db.stopClock()
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 4)
	await stage.submitOne(needs({ [pool]: 1 }))
	const first = await stage.claim(1)
	const large = await stage.submitOne(needs({ [pool]: 4 }))
	await stage.submitOne(needs({ [pool]: 1 }))
	const before = await stage.claim(1)
	await db.moveClock('31 seconds')
	await stage.submit(needs({ [pool]: 1 }), needs({ [pool]: 1 }))

	const kept = await stage.claim(5)
	await stage.complete(first)
	await stage.complete(before)
	const after = await stage.claim(5)

	t.is(before.jobs.length, 1, 'it has not waited long: others pass')
	t.deepEqual(kept.jobs, [])
	t.deepEqual(jobIds(after), [large])
})

test.serial('a claim that is rolled back has taken nothing of the pool', async (t) => {
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 1)
	await stage.submitOne(needs({ [pool]: 1 }))
	const client = await db.client()

	await client.query('begin')
	await client.query('select taskq.claim_next_job($1, 1)', [stage.worker])
	await client.query('rollback')

	t.deepEqual(await poolOf(db, pool), { capacity: 1, granted: 0, free: 1 })
	t.is((await stage.claim()).jobs.length, 1)
})

test.serial('a name that no pool and no worker has is refused, so that a misspelt one does not wait for ever', async (t) => {
	const stage = await makeStage(db)
	await stage.addWorker({ resources: { [`gpu-${stage.type}`]: 1 } })

	t.is(await sqlState(stage.submitOne(needs({ nothing_has_this: 1 }))), 'TQ422')
	await t.notThrowsAsync(stage.submitOne(needs({ [`gpu-${stage.type}`]: 1 })))
})
