import test from 'ava'
import { useDb } from '../../support/db.ts'
import { sqlState } from '../../support/stage.ts'

const db = useDb(test)

const set = (value: unknown) => db.query('select taskq.set_queue_aging($1, $2)', ['mail', value])
const aging = async () => (await db.row(`select aging_seconds from taskq.queues where queue = 'mail'`)).aging_seconds

test.serial('aging is set, changed and taken back', async (t) => {
	const seen: unknown[] = []
	for (const value of [60, 5, null]) {
		await set(value)
		seen.push(await aging())
	}

	t.deepEqual(seen, [60, 5, null])
})

test.serial('an aging that could not be is refused', async (t) => {
	for (const bad of [0, -1, 31_536_001]) t.is(await sqlState(set(bad)), '23514')
})
