import { randomUUID } from 'node:crypto'
import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { jobIn, makeStage } from '../../support/stage.ts'

const db = useDb(test)

test('jobs in every state are found by their ids, newest first, as the view shows them; ids of no job are passed over', async (t) => {
	const stage = await makeStage(db)
	const ids: string[] = []
	for (const state of ['pending', 'blocked', 'ready', 'running', 'retrying', 'completed', 'failed', 'cancelled'])
		ids.push(await jobIn(stage, state))
	const asked = [null, ...ids.slice(1), randomUUID(), '00000000-0000-7000-8000-000000000000', ids[1], ids[0]]

	const found = await call(db.pool, 'getJobs', [asked])

	t.deepEqual(found, await db.rows('select * from taskq.jobs where job_id = any ($1::uuid[]) order by job_id desc', [ids]))
	t.is(found.length, 8)
	t.deepEqual(await call(db.pool, 'getJobs', [[]]), [])
})
