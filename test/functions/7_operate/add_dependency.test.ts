import { randomUUID } from 'node:crypto'
import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { errorOf, jobIn, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const add = async (id: string, parent: string, condition = 'success') =>
	(await callOne<{ status: string }>(db.pool, 'addDependency', [id, parent, condition])).status

for (const state of ['pending', 'ready', 'retrying', 'blocked']) {
	test(`a job that is ${state} can be made to wait for another`, async (t) => {
		const stage = await makeStage(db)
		const [id, parent] = [await jobIn(stage, state), await jobIn(stage, 'pending')]

		t.is(await add(id, parent), 'blocked')
		t.like(await stage.job(id), { status: 'blocked', remaining_dependencies: state === 'blocked' ? 2 : 1 })
	})
}

for (const state of ['running', 'completed', 'failed', 'cancelled']) {
	test(`a job that is ${state} cannot: TQ409 with the state`, async (t) => {
		const stage = await makeStage(db)
		const id = await jobIn(stage, state)

		t.like(await errorOf(add(id, await jobIn(stage, 'pending'))), { code: 'TQ409', detail: state })
		t.is(await stage.status(id), state)
	})
}

test('a job that was made to wait goes on where it was when the other has completed', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()
	const [ready, pending] = [await jobIn(stage, 'pending'), await jobIn(stage, 'pending')]
	await db.query('update taskq_private.waiting_jobs set due_at = now() where job_id = $1', [ready])
	await add(ready, parent)
	await add(pending, parent)

	await stage.completeAll()

	t.deepEqual([await stage.status(ready), await stage.status(pending)], ['ready', 'pending'])
})

test('a dependency that has completed changes nothing', async (t) => {
	const stage = await makeStage(db)
	const [ready, pending, parent] = [await jobIn(stage, 'pending'), await jobIn(stage, 'pending'), await jobIn(stage, 'completed')]
	await db.query('update taskq_private.waiting_jobs set due_at = now() where job_id = $1', [ready])

	t.deepEqual([await add(ready, parent), await add(pending, parent)], ['ready', 'pending'])
	t.deepEqual((await stage.job(pending)).depends_on, [parent])
})

test('a dependency that is there already is not counted twice', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()
	const id = await stage.submitOne({ depends_on: [parent] })

	t.is(await add(id, parent), 'blocked')
	t.like(await stage.job(id), { remaining_dependencies: 1 })
})

for (const state of ['failed', 'cancelled']) {
	test(`a job cannot be made to wait for one that is ${state}`, async (t) => {
		const stage = await makeStage(db)
		const [id, parent] = [await jobIn(stage, 'pending'), await jobIn(stage, state)]

		t.like(await errorOf(add(id, parent)), { code: 'TQ409', detail: state })
		t.is(await stage.status(id), 'pending')
	})
}

test('a job cannot wait for itself', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()

	const error = await errorOf(add(id, id))

	t.is(error.code, 'TQ425')
	t.deepEqual(JSON.parse(error.detail!), [id, id])
})

test('an edge that would close a cycle is refused with the members of the cycle in their order', async (t) => {
	const stage = await makeStage(db)
	const [a, side] = await stage.submit({}, {})
	const b = await stage.submitOne({ depends_on: [a, side] })
	const c = await stage.submitOne({ depends_on: [b] })
	await stage.submitOne({ depends_on: [c] })

	const error = await errorOf(add(a!, c))

	t.like(error, { code: 'TQ425', column: 'depends_on' })
	t.deepEqual(JSON.parse(error.detail!), [a, c, b, a])
	t.is(await stage.status(a!), 'ready')
	t.is(await add(side!, a!), 'blocked')
})

test('a graph of ten thousand million paths is looked through in no time', async (t) => {
	const stage = await makeStage(db)
	const first = await stage.submitOne()
	let layer = [first]
	for (let depth = 0; depth < 10; depth++) layer = await stage.submit(...Array(10).fill({ depends_on: layer }))

	t.is(await sqlState(add(first, layer[0]!)), 'TQ425')
	t.is(await add(layer[0]!, await stage.submitOne({ depends_on: [first] })), 'blocked')
	t.is(await add(await stage.submitOne(), layer[9]!), 'blocked')
})

test('a job that does not exist is answered TQ404, a parent that does not TQ423', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()

	t.is(await sqlState(add(id, randomUUID())), 'TQ423')
	t.is(await sqlState(add(randomUUID(), id)), 'TQ404')
})
