import test from 'ava'
import { Gaps } from '../../server/stream/gaps.ts'

test('ids that were passed over are missing until they come', (t) => {
	const gaps = new Gaps()

	const position = gaps.note(10, [12, 15], 100n, 90n)
	const before = gaps.ids
	gaps.note(position, [13, 16], 101n, 90n)

	t.is(position, 15)
	t.deepEqual(before, [11, 13, 14])
	t.deepEqual(gaps.ids, [11, 14])
})

test('an id is given up when all transactions of the time when it was first missed have ended, and not before', (t) => {
	const gaps = new Gaps()
	gaps.note(0, [2], 100n, 90n)
	gaps.note(2, [4], 200n, 99n)

	gaps.note(4, [], 300n, 100n)

	t.deepEqual(gaps.ids, [3])
})

test('transaction ids are compared as the large numbers that they are', (t) => {
	const gaps = new Gaps()
	gaps.note(0, [2], 9007199254740993n, 0n)

	gaps.note(2, [], 9007199254740994n, 9007199254740992n)

	t.deepEqual(gaps.ids, [1])
})

test('what another reader misses is taken over, but for what is still to come', (t) => {
	const [gaps, other] = [new Gaps(), new Gaps()]
	gaps.note(0, [10], 100n, 90n)
	other.note(4, [8, 12], 50n, 40n)

	gaps.adopt(other, 10)
	const adopted = gaps.ids
	gaps.note(10, [], 60n, 50n)

	t.deepEqual(adopted, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
	t.deepEqual(gaps.ids, [1, 2, 3, 4, 5, 6, 7, 8, 9])
})
