import test from 'ava'
import { useDb } from '../../support/db.ts'
import { countByStatus, submitGraph } from '../../support/graph.ts'
import { makeStage, type Stage } from '../../support/stage.ts'

const db = useDb(test)

const statuses = (stage: Stage, ids: string[]) => Promise.all(ids.map(stage.status))
const countBy = (stage: Stage) => countByStatus(db, stage)

test.serial('a child starts when its last parent has completed, and not before', async (t) => {
	const stage = await makeStage(db)
	const parents = await stage.submit({}, {}, {})
	const child = await stage.submitOne({ depends_on: parents })
	const held = await stage.claim(3)
	const seen: string[] = []
	for (const parent of parents) {
		await stage.complete(held, [parent])
		seen.push(await stage.status(child))
	}

	t.deepEqual(seen, ['blocked', 'blocked', 'ready'])
})

test.serial('parents that complete in one call count each', async (t) => {
	const stage = await makeStage(db)
	const parents = await stage.submit({}, {}, {})
	const child = await stage.submitOne({ depends_on: parents })

	await stage.completeAll()

	t.is(await stage.status(child), 'ready')
})

test.serial('a diamond runs from top to bottom', async (t) => {
	const stage = await makeStage(db)
	const top = await stage.submitOne()
	const [left, right] = await stage.submit({ depends_on: [top] }, { depends_on: [top] })
	const bottom = await stage.submitOne({ depends_on: [left, right] })
	const all = [top, left!, right!, bottom]
	const seen = [await statuses(stage, all)]
	for (let step = 0; step < 3; step++) {
		await stage.completeAll()
		seen.push(await statuses(stage, all))
	}

	t.deepEqual(seen, [
		['ready', 'blocked', 'blocked', 'blocked'],
		['completed', 'ready', 'ready', 'blocked'],
		['completed', 'completed', 'completed', 'ready'],
		['completed', 'completed', 'completed', 'completed'],
	])
})

test.serial('a diamond whose top fails is cancelled whole, each job once', async (t) => {
	const stage = await makeStage(db)
	const top = await stage.submitOne()
	const [left, right] = await stage.submit({ depends_on: [top] }, { depends_on: [top] })
	const bottom = await stage.submitOne({ depends_on: [left, right, top] })

	await stage.failAll()

	t.deepEqual(await statuses(stage, [top, left!, right!, bottom]), ['failed', 'cancelled', 'cancelled', 'cancelled'])
	t.is((await stage.job(bottom)).reason, 'dependency')
	const events = await db.rows(`select from taskq_private.job_events where event = 'job_cancelled' and job_ids @> array[$1::uuid]`, [
		bottom,
	])
	t.is(events.length, 1)
})

test.serial('a cancelled parent cancels its children as a failed one does', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()
	const child = await stage.submitOne({ depends_on: [parent] })

	await db.query('select taskq.cancel_job($1)', [parent])

	t.like(await stage.job(child), { status: 'cancelled', reason: 'dependency' })
	t.is((await stage.job(child)).error?.depends_on, parent)
})

test.serial('a parent that is retried lets its children wait', async (t) => {
	const stage = await makeStage(db)
	const child = await stage.submitOne({ depends_on: [await stage.submitOne()] })

	await stage.report(await stage.claim(), { outcome: 'failed' })

	t.is(await stage.status(child), 'blocked')
})

test.serial('a chain of 2,000 is cancelled to its end when its first job fails', async (t) => {
	const stage = await makeStage(db)
	await submitGraph(db, stage, Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`n${n}`, n ? [`n${n - 1}`] : []])))

	await stage.failAll()
	const first = await countBy(stage)
	for (let more = true; more; more = (await stage.claim(0)).next_due_in_seconds === 0);

	t.true(first.cancelled! < 500 && first.blocked! > 1500) // a level costs more than a job of it
	t.deepEqual(await countBy(stage), { failed: 1, cancelled: 1999 })
})

test.serial('1,000 children of one parent are let go at once', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()
	await stage.submit(...Array(1000).fill({ depends_on: [parent] }))

	await stage.completeAll()

	t.deepEqual(await countBy(stage), { completed: 1, ready: 1000 })
})

test.serial('1,000 parents of one child let it go together', async (t) => {
	const stage = await makeStage(db)
	const child = await stage.submitOne({ depends_on: await stage.submit(...Array(1000).fill({})) })

	await stage.completeAll()

	t.is(await stage.status(child), 'ready')
})

test.serial('a child whose run_at is still to come goes on waiting for it', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()
	const child = await stage.submitOne({ depends_on: [parent], run_at: new Date(Date.now() + 60_000).toISOString() })

	await stage.completeAll()
	const before = await stage.status(child)
	await db.moveClock('61 seconds')
	await stage.claim(0)

	t.deepEqual([before, await stage.status(child)], ['pending', 'ready'])
})
