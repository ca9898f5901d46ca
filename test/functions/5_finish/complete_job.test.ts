import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const complete = (on: Parameters<typeof call>[0], claimId: string | null, id: string, result: unknown = null) =>
	call(on, 'completeJob', [claimId, id, JSON.stringify(result)])

test('a job is completed with its result', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()

	await complete(db.pool, claim_id, id, { rows: 3 })

	t.like(await stage.job(id), { status: 'completed', result: { rows: 3 }, worker_id: stage.worker, error: null })
	t.is((await db.row('select running_count from taskq.workers where worker_id = $1', [stage.worker])).running_count, 0)
})

test('effects and completion are rolled back together, and the job runs on', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()
	const client = await db.client()
	await client.query('begin')
	await client.query('create table public.effects (id int)')
	await complete(client, claim_id, id)

	await client.query('rollback')

	t.is(await stage.status(id), 'running')
	t.is((await db.row(`select to_regclass('public.effects') as name`)).name, null)
	await complete(db.pool, claim_id, id)
	t.is(await stage.status(id), 'completed')
})

test('effects and completion are committed together', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()
	const client = await db.client()
	await client.query('begin')
	await client.query('create table public.made (id int)')
	await complete(client, claim_id, id)
	const before = await stage.status(id)

	await client.query('commit')

	t.deepEqual([before, await stage.status(id)], ['running', 'completed'])
})

test('of the jobs of one claim only the named one ends', async (t) => {
	const stage = await makeStage(db)
	const [first, second] = await stage.submit({}, {})
	const { claim_id } = await stage.claim(2)

	await complete(db.pool, claim_id, first!)

	t.deepEqual([await stage.status(first!), await stage.status(second!)], ['completed', 'running'])
	await complete(db.pool, claim_id, second!)
	t.is(await stage.status(second!), 'completed')
})

test('a completion whose claim was lost is answered TQ411 and changes nothing', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const lost = await stage.claim()
	await stage.report(lost, { outcome: 'released' })
	const current = await stage.claim()

	t.is(await sqlState(complete(db.pool, lost.claim_id, id)), 'TQ411')
	t.is(await sqlState(complete(db.pool, null, id)), 'TQ411')
	t.is(await stage.status(id), 'running')
	await stage.complete(current)
	t.is(await sqlState(complete(db.pool, current.claim_id, id)), 'TQ411')
})
