import test from 'ava'
import pg from 'pg'
import { makeGather } from '../../server/gather.ts'

const dataError = () => Object.assign(new pg.DatabaseError('bad value', 1, 'error'), { code: '22P05' })

/** A gather whose calls are noted; members that are `bad` fail their whole batch. */
function makeNoted({ maxItems = 500, maxSize = 1000, failure = dataError } = {}) {
	const batches: string[][] = []
	const gather = makeGather<string, string>({
		async send(items) {
			batches.push(items)
			await new Promise((resolve) => setImmediate(resolve))
			if (items.includes('bad')) throw failure()
			return items.map((item) => `${item}!`)
		},
		sizeOf: ({ length }) => length,
		maxItems,
		maxSize,
	})
	return { gather, batches }
}

test('the first item goes at once, and those that come meanwhile go together', async (t) => {
	const { gather, batches } = makeNoted()

	const answers = await Promise.all(['a', 'b', 'c'].map(gather))

	t.deepEqual(answers, ['a!', 'b!', 'c!'])
	t.deepEqual(batches, [['a'], ['b', 'c']])
})

test('a batch is bounded in items and in size, and an item that is too large goes alone', async (t) => {
	const { gather, batches } = makeNoted({ maxItems: 2, maxSize: 5 })

	await Promise.all(['first', 'a', 'b', 'c', 'large item', 'd', 'four'].map(gather))

	t.deepEqual(batches, [['first'], ['a', 'b'], ['c'], ['large item'], ['d', 'four']])
})

test('one bad member is answered with its error and harms no other', async (t) => {
	const { gather, batches } = makeNoted()
	const items = Array.from({ length: 200 }, (_, i) => (i === 77 ? 'bad' : `item ${i}`))

	const answers = await Promise.allSettled(items.map(gather))

	t.deepEqual(
		answers.flatMap(({ status }, i) => (status === 'rejected' ? [i] : [])),
		[77],
	)
	t.true(batches.length < 20, `${batches.length} calls`)
})

test('an error that is not of a value is the answer of the whole batch, sent once', async (t) => {
	const { gather, batches } = makeNoted({
		failure: () => Object.assign(new pg.DatabaseError('gone', 1, 'error'), { code: '57P01' }) as never,
	})

	const answers = await Promise.allSettled(['a', 'b', 'bad', 'c'].map(gather))

	t.deepEqual(
		answers.map(({ status }) => status),
		['fulfilled', 'rejected', 'rejected', 'rejected'],
	)
	t.is(batches.length, 2)
})
