import { randomUUID } from 'node:crypto'
import test from 'ava'
import { useDb } from '../../support/db.ts'
import { makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)
const undrain = (worker: string) => db.query('select taskq.undrain_worker($1)', [worker])

test('a worker that was drained takes jobs again', async (t) => {
	const stage = await makeStage(db)
	await db.query('select taskq.drain_worker($1)', [stage.worker])
	await stage.submitOne()
	t.deepEqual((await stage.claim()).jobs, [])

	await undrain(stage.worker)

	t.is((await stage.claim()).jobs.length, 1)
	t.truthy(await db.row(`select from taskq_private.audit_log where action = 'undrain_worker' and target = $1`, [stage.worker]))
})

test('an active worker stays so; one that ended or never was is refused', async (t) => {
	const { worker } = await makeStage(db)
	await undrain(worker)
	t.is((await db.row('select status from taskq.workers where worker_id = $1', [worker])).status, 'active')
	await db.query('select taskq.stop_worker($1)', [worker])

	t.deepEqual([await sqlState(undrain(worker)), await sqlState(undrain(randomUUID()))], ['TQ412', 'TQ404'])
})
