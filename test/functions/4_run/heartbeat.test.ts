import { randomUUID } from 'node:crypto'
import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const heartbeat = (worker: string, load: unknown = null) => callOne(db.pool, 'heartbeat', [worker, load && JSON.stringify(load)])
const workerRow = (worker: string) => db.row('select * from taskq.workers where worker_id = $1', [worker])

test.serial('a heartbeat is noted with the load of the machine', async (t) => {
	const { worker } = await makeStage(db)
	const before = await workerRow(worker)
	await db.moveClock('5 seconds')

	const answer = await heartbeat(worker, { cpu: 0.5 })

	const after = await workerRow(worker)
	t.deepEqual(answer, { status: 'active', cancel_requested: [] })
	t.true(after.heartbeat_at - before.heartbeat_at >= 5000)
	t.deepEqual(after.load, { cpu: 0.5 })
})

test.serial('a heartbeat keeps no other worker alive', async (t) => {
	const stage = await makeStage(db)
	const other = await stage.addWorker()
	const before = await workerRow(other)
	await db.moveClock('5 seconds')

	await heartbeat(stage.worker)

	t.deepEqual((await workerRow(other)).heartbeat_at, before.heartbeat_at)
})

test.serial('a heartbeat without load keeps the last one', async (t) => {
	const { worker } = await makeStage(db)
	await heartbeat(worker, { cpu: 0.5 })

	await heartbeat(worker)

	t.deepEqual((await workerRow(worker)).load, { cpu: 0.5 })
})

test.serial('the answer says whether to drain, and which jobs to stop', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	await stage.claim()
	await db.query('select taskq.cancel_job($1)', [id])
	await db.query('select taskq.drain_worker($1)', [stage.worker])

	t.deepEqual(await heartbeat(stage.worker), { status: 'draining', cancel_requested: [id] })
})

test.serial('a worker that ended or never was is told so', async (t) => {
	const { worker } = await makeStage(db)
	await db.query('select taskq.stop_worker($1)', [worker])

	t.is(await sqlState(heartbeat(worker)), 'TQ412')
	t.is(await sqlState(heartbeat(randomUUID())), 'TQ404')
})
