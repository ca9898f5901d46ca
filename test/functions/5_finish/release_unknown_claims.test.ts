import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const release = async (worker: string, known: (string | null)[] | null) =>
	(await callOne<{ released: number }>(db.pool, 'releaseUnknownClaims', [worker, known])).released

test('claims that the worker does not know of are given back, those that it knows stay', async (t) => {
	const stage = await makeStage(db)
	const [known, ...unknown] = await stage.submit({}, {}, {})
	const claimed = await stage.claim()
	await stage.claim(2)

	const released = await release(stage.worker, [claimed.claim_id])

	t.is(released, 2)
	t.is(await stage.status(known!), 'running')
	t.deepEqual(await Promise.all(unknown.map(stage.status)), ['ready', 'ready'])
})

test('a worker that knows of none gives all back, and another worker keeps its own', async (t) => {
	const stage = await makeStage(db)
	const other = await stage.addWorker()
	const [mine, theirs] = await stage.submit({}, {})
	await stage.claim()
	await stage.claim(1, other)

	t.is(await release(stage.worker, []), 1)
	t.deepEqual([await stage.status(mine!), await stage.status(theirs!)], ['ready', 'running'])
})

test('a worker that ended is answered TQ412', async (t) => {
	const stage = await makeStage(db)
	await db.query('select taskq.stop_worker($1)', [stage.worker])

	t.is(await sqlState(release(stage.worker, [])), 'TQ412')
})
