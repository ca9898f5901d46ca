import { randomUUID } from 'node:crypto'
import test from 'ava'
import { useDb } from '../../support/db.ts'
import { cpus, needs } from '../../support/resources.ts'
import { jobIds, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const set = (worker: string, args: string) => db.query(`select taskq.set_worker_capacity($1, ${args})`, [worker])
const capacity = (worker: string) =>
	db.row('select cpu_units::float, memory_mb, resources from taskq.workers where worker_id = $1', [worker])

test.serial('more capacity counts from the next claim on', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 1 })
	await stage.submit(...Array(5).fill(cpus(1)))
	const before = (await stage.claim(5)).jobs.length
	await set(stage.worker, 'cpu_units => 4')

	t.deepEqual([before, (await stage.claim(5)).jobs.length], [1, 3])
})

test.serial('less than a worker holds ends nothing, and it takes nothing new until enough has ended', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 4 })
	await stage.submit(...Array(6).fill(cpus(1)))
	const held = await stage.claim(4)
	await set(stage.worker, 'cpu_units => 2')

	const taken = [(await stage.claim(5)).jobs.length]
	for (const count of [2, 1]) {
		await stage.complete(held, jobIds(held).slice(0, count))
		held.jobs.splice(0, count)
		taken.push((await stage.claim(5)).jobs.length)
	}

	t.deepEqual(taken, [0, 0, 1])
})

test.serial('what is not named stays as it is', async (t) => {
	const { worker } = await makeStage(db, { cpuUnits: 1, memoryMb: 2, resources: { gpu: 3 } })
	const seen: unknown[] = []
	for (const args of ['cpu_units => 0.5', 'memory_mb => 20', `resources => '{"gpu": 0, "tpu": 1.5}'`, 'null']) {
		await set(worker, args)
		seen.push(await capacity(worker))
	}

	t.deepEqual(seen, [
		{ cpu_units: 0.5, memory_mb: 2, resources: { gpu: 3 } },
		{ cpu_units: 0.5, memory_mb: 20, resources: { gpu: 3 } },
		{ cpu_units: 0.5, memory_mb: 20, resources: { gpu: 0, tpu: 1.5 } },
		{ cpu_units: 0.5, memory_mb: 20, resources: { gpu: 0, tpu: 1.5 } },
	])
})

test.serial('a gpu taken away while a job has it comes back to no one', async (t) => {
	const stage = await makeStage(db, { resources: { gpu: 2 } })
	await stage.submit(needs({ gpu: 1 }), needs({ gpu: 1 }))
	const held = await stage.claim(1)
	await set(stage.worker, `resources => '{"gpu": 1}'`)

	const during = (await stage.claim(5)).jobs.length
	await stage.complete(held)

	t.deepEqual([during, (await stage.claim(5)).jobs.length], [0, 1])
})

test.serial('heartbeats go on and tell the machine’s load', async (t) => {
	const { worker } = await makeStage(db, { cpuUnits: 4 })
	await set(worker, 'cpu_units => 2')
	await db.query(`select taskq.heartbeat($1, '{"cpu": 0.5}')`, [worker])

	t.like(await db.row('select cpu_units::float, load from taskq.workers where worker_id = $1', [worker]), {
		cpu_units: 2,
		load: { cpu: 0.5 },
	})
})

test.serial('what could not be is refused, and the capacity stays', async (t) => {
	const { worker } = await makeStage(db, { cpuUnits: 1, memoryMb: 2 })
	const bad = [
		'cpu_units => -1',
		'memory_mb => -1',
		`resources => '[]'`,
		`resources => '{"cpu_units": 1}'`,
		`resources => '{"gpu": -1}'`,
		`resources => '{"a b": 1}'`,
	]

	for (const args of bad) t.is(await sqlState(set(worker, args)), 'TQ422', args)
	t.deepEqual(await capacity(worker), { cpu_units: 1, memory_mb: 2, resources: {} })
})

test.serial('a worker that never was or that ended is answered TQ404 and TQ412', async (t) => {
	const { worker } = await makeStage(db)
	await db.query('select taskq.stop_worker($1)', [worker])

	t.deepEqual([await sqlState(set(randomUUID(), 'cpu_units => 1')), await sqlState(set(worker, 'cpu_units => 1'))], ['TQ404', 'TQ412'])
})

test.serial('it is in the audit log', async (t) => {
	const { worker } = await makeStage(db)
	await set(worker, 'cpu_units => 3')

	t.like(await db.row('select action, target, details from taskq_private.audit_log order by audit_id desc limit 1'), {
		action: 'set_worker_capacity',
		target: worker,
		details: { cpu_units: 3 },
	})
})
