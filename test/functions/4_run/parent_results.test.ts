import { randomUUID } from 'node:crypto'
import test from 'ava'
import { call } from '../../../db/calls.ts'
import { claim, useDb } from '../../support/db.ts'
import { makeStage } from '../../support/stage.ts'

const db = useDb(test)

test('a child is shown what its parents left behind, by name', async (t) => {
	const stage = await makeStage(db)
	const [b, a] = await stage.submit({ name: 'b' }, { name: 'a' })
	const child = await stage.submitOne({ depends_on: [a, b] })
	const { claim_id } = await stage.claim(2)
	await claim(db, stage.worker, 0, [{ claim_id: claim_id!, job_id: a!, outcome: 'completed', result: { rows: 3 } }])

	const results = await call(db.pool, 'parentResults', [child])

	t.deepEqual(results, [
		{ parent_id: a, name: 'a', type: stage.type, status: 'completed', result: { rows: 3 } },
		{ parent_id: b, name: 'b', type: stage.type, status: null, result: null },
	])
})

test('a job without parents, and one that is no job, have none', async (t) => {
	const stage = await makeStage(db)

	t.deepEqual(await call(db.pool, 'parentResults', [await stage.submitOne()]), [])
	t.deepEqual(await call(db.pool, 'parentResults', [randomUUID()]), [])
})
