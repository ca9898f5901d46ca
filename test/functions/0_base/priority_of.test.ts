import test from 'ava'
import { useDb } from '../../support/db.ts'

const db = useDb(test)

test('a level and a whole number from 1 to 10 are priorities, nothing else is', async (t) => {
	const texts = ['critical', 'High', 'NORMAL', 'low', '1', '10', '0', '11', '01', '1.0', '-1', 'urgent', '', ' 1', null]

	const numbers = await Promise.all(texts.map(async (text) => (await db.row('select taskq_private.priority_of($1) as n', [text])).n))

	t.deepEqual(numbers, [1, 2, 3, 4, 1, 10, ...Array(9).fill(null)])
})
