import { randomUUID } from 'node:crypto'
import test from 'ava'
import { useDb } from '../../support/db.ts'
import { cpus, makePool, needs, previewOf } from '../../support/resources.ts'
import { jobIds, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

test.serial('a preview is what the claim then takes, in its order, and changes nothing', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 6 })
	const pool = await makePool(db, stage, 1)
	await stage.submit(
		...[2, 1, 3].map((priority) => ({ priority, ...cpus(1) })),
		{ priority: 2, ...needs({ cpu_units: 1, [pool]: 1 }) },
		{ priority: 1, ...needs({ cpu_units: 1, [pool]: 1 }) },
		cpus(4),
		cpus(0.5),
	)

	const previews = [await previewOf(db, stage.worker, 6), await previewOf(db, stage.worker, 6)]
	const claimed = jobIds(await stage.claim(6))

	t.is(claimed.length, 5)
	t.deepEqual(previews, [claimed, claimed])
})

test.serial('without a number it is for as many as the worker runs at a time', async (t) => {
	const stage = await makeStage(db, { concurrency: 3 })
	await stage.submit(...Array(5).fill({}))

	t.deepEqual([(await previewOf(db, stage.worker)).length, (await previewOf(db, stage.worker, 4)).length], [3, 4])
})

test.serial('a row says what the job is and takes', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({ queue: 'mail', priority: 2, ...needs({ cpu_units: 1.5, memory_mb: 64 }) })

	const row = await db.row('select * from taskq.claim_preview($1)', [stage.worker])

	t.deepEqual(row, { place: '1', job_id: id, type: stage.type, queue: 'mail', priority: 2, cpu_units: 1.5, memory_mb: 64 })
})

test.serial('a worker that drains would take nothing, one that is not there is answered TQ404', async (t) => {
	const stage = await makeStage(db)
	await stage.submitOne()
	await db.query('select taskq.drain_worker($1)', [stage.worker])

	t.deepEqual(await previewOf(db, stage.worker), [])
	t.is(await sqlState(previewOf(db, randomUUID())), 'TQ404')
})
