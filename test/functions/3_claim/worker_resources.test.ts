import test from 'ava'
import { registerTypes, useDb } from '../../support/db.ts'
import { needs } from '../../support/resources.ts'
import { jobIds, makeStage } from '../../support/stage.ts'

const db = useDb(test)

const gpus = (gpu: number, more = {}) => needs({ gpu, ...more })
test.beforeEach(async () => {
	await makeStage(db, { resources: { gpu: 1, disk_gb: 1 } }) // so that the names are known
})

test.serial('a job with a gpu runs only where there is one', async (t) => {
	const stage = await makeStage(db)
	const withGpu = await stage.addWorker({ resources: { gpu: 1 } })
	const [plain, id] = await stage.submit({}, gpus(1))

	t.deepEqual([jobIds(await stage.claim(5)), jobIds(await stage.claim(5, withGpu))], [[plain], [id]])
})

test.serial('gpus are taken while they last, and are free again when a job ends', async (t) => {
	const stage = await makeStage(db, { resources: { gpu: 2 } })
	const ids = await stage.submit(gpus(1), gpus(1), gpus(1))

	const held = await stage.claim(5)
	const full = await stage.claim(5)
	await stage.complete(held, [ids[0]!])

	t.deepEqual([jobIds(held), jobIds(full), jobIds(await stage.claim(5))], [ids.slice(0, 2), [], [ids[2]]])
})

test.serial('decimals of a resource add up without an error', async (t) => {
	const stage = await makeStage(db, { resources: { gpu: 1 } })
	await stage.submit(...Array(12).fill(gpus(0.1)))

	t.deepEqual([(await stage.claim(100)).jobs.length, (await stage.claim(100)).jobs.length], [10, 0])
})

test.serial('cpu, memory and each resource must all fit', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 2, memoryMb: 100, resources: { gpu: 1, disk_gb: 10 } })
	const [, , , , fits] = await stage.submit(
		gpus(1, { cpu_units: 2.001 }),
		gpus(1, { memory_mb: 101 }),
		gpus(2),
		gpus(1, { disk_gb: 10.5 }),
		gpus(1, { cpu_units: 2, memory_mb: 100, disk_gb: 10 }),
	)

	t.deepEqual(jobIds(await stage.claim(5)), [fits])
})

test.serial('one that lacks a resource does not hold up what is behind it', async (t) => {
	const stage = await makeStage(db)
	const [, plain] = await stage.submit(gpus(1, { cpu_units: 1 }), {})

	t.deepEqual(jobIds(await stage.claim(5)), [plain])
})

test.serial('an amount of zero asks for nothing', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne(gpus(0))

	t.deepEqual(jobIds(await stage.claim(5)), [id])
	t.deepEqual((await db.row('select resources from taskq_private.lanes where type = $1', [stage.type])).resources, {})
})

test.serial('a type’s resources are for its jobs that say nothing; a job’s own amount goes first, and zero is one', async (t) => {
	const stage = await makeStage(db, { resources: { gpu: 2 } })
	await registerTypes(db, { type: stage.type, resources: { gpu: 2 } })
	await stage.submit({}, gpus(1), gpus(0), needs({ gpu: null }))

	const { amounts } = await db.row(
		`select array_agg(l.resources ->> 'gpu' order by s.created_at) as amounts
		from taskq_private.job_specs as s join taskq_private.lanes as l using (lane_id) where l.type = $1`,
		[stage.type],
	)

	t.deepEqual(amounts, ['2', '1', null, '2'])
	t.is((await stage.claim(5)).jobs.length, 2, 'the first, and the one that asks for none')
})

test.serial('jobs that ask for the same share a lane, however it is written', async (t) => {
	const stage = await makeStage(db)
	await stage.submit(gpus(1, { disk_gb: 2 }), needs({ disk_gb: 2.0, gpu: 1, cpu_units: 0 }), gpus(1, { disk_gb: 2, memory_mb: 0 }))

	t.is((await db.row('select count(*)::int as lanes from taskq_private.lanes where type = $1', [stage.type])).lanes, 1)
})

test.serial('psql’s submit_job takes resources too', async (t) => {
	const stage = await makeStage(db, { resources: { gpu: 1 } })
	const { job_id } = await db.row(`select * from taskq.submit_job($1, resources => '{"gpu": 1}', cpu_units => 1)`, [stage.type])

	const lane = await db.row('select cpu_units::float, resources from taskq_private.lanes where type = $1', [stage.type])

	t.deepEqual(lane, { cpu_units: 1, resources: { gpu: 1 } })
	t.deepEqual(jobIds(await stage.claim()), [job_id])
})

test.serial('what a worker has been granted shows beside what it has', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 4, resources: { gpu: 2 } })
	await stage.submit(gpus(1, { cpu_units: 1.5 }))
	await stage.claim()

	const row = await db.row('select granted_cpu_units::float, resources, granted_resources from taskq.workers where worker_id = $1', [
		stage.worker,
	])

	t.deepEqual(row, { granted_cpu_units: 1.5, resources: { gpu: 2 }, granted_resources: { gpu: 1 } })
})

test.serial('null for all requirements is nothing asked for', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({ resource_requirements: null })

	t.deepEqual(jobIds(await stage.claim()), [id])
})
