import { randomUUID } from 'node:crypto'
import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const drain = (worker: string) => call(db.pool, 'drainWorker', [worker])

test('a draining worker finishes what it has and takes nothing new', async (t) => {
	const stage = await makeStage(db)
	const [held, waiting] = await stage.submit({}, {})
	const claimed = await stage.claim()

	await drain(stage.worker)
	const next = await stage.complete(claimed)

	t.deepEqual(next.jobs, [])
	t.deepEqual([await stage.status(held!), await stage.status(waiting!)], ['completed', 'ready'])
	t.is((await db.row('select status from taskq.workers where worker_id = $1', [stage.worker])).status, 'draining')
})

test('a worker that ended or never was cannot be drained', async (t) => {
	const { worker } = await makeStage(db)
	await db.query('select taskq.stop_worker($1)', [worker])

	t.deepEqual([await sqlState(drain(worker)), await sqlState(drain(randomUUID()))], ['TQ412', 'TQ404'])
})
