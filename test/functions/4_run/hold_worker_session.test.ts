import test from 'ava'
import { useDb } from '../../support/db.ts'
import { makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const hold = 'select taskq.hold_worker_session($1) as held'

test('one session at a time holds a worker', async (t) => {
	const { worker } = await makeStage(db)
	const [first, second] = [await db.client(), await db.client()]

	const { rows: one } = await first.query(hold, [worker])
	const { rows: two } = await second.query(hold, [worker])
	const { rows: again } = await first.query(hold, [worker])

	t.deepEqual([one[0].held, two[0].held, again[0].held], [true, false, true])
})

test('when the session ends, another can hold the worker', async (t) => {
	const { worker } = await makeStage(db)
	const [first, second] = [await db.client(), await db.client()]
	await first.query(hold, [worker])
	await first.end()

	// the server notices the end of a connection in its own time
	let held = false
	while (!held) held = (await second.query(hold, [worker])).rows[0].held

	t.true(held)
})

test('a worker that stopped cannot be held', async (t) => {
	const { worker } = await makeStage(db)
	await db.query('select taskq.stop_worker($1)', [worker])

	t.is(await sqlState(db.query(hold, [worker])), 'TQ412')
})
