import test from 'ava'
import fc from 'fast-check'
import { median, quantile, ratios, rotated, spread } from '../../bench/compare/statistics.ts'

test('the median of an even number of values lies between the middle two', (t) => {
	t.is(median([4, 1, 3, 2]), 2.5)
	t.is(median([9, 1, 5]), 5)
})

test('a spread is the middle, the smallest and the largest, in any order', (t) => {
	const numbers = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1 })

	fc.assert(
		fc.property(numbers, (values) => {
			const { median: middle, min, max } = spread(values)
			return min <= middle && middle <= max && values.includes(min) && values.includes(max)
		}),
	)
	t.deepEqual(spread([2, 8, 4]), { median: 4, min: 2, max: 8 })
})

test('a quantile is one of the values, and so many are not above it', (t) => {
	const hundred = Array.from({ length: 100 }, (_, n) => 100 - n)

	t.is(quantile(hundred, 0.5), 50)
	t.is(quantile(hundred, 0.99), 99)
	t.is(quantile(hundred, 1), 100)
	t.is(quantile([7], 0.01), 7)
})

test('rounds are compared with the same round of the reference', (t) => {
	t.deepEqual(ratios([10, 30, 50], [20, 10, 50]), [0.5, 3, 1])
	t.deepEqual(ratios([10, 30, 50], [20]), [0.5])
})

test('each round begins with another one, and nobody is left out', (t) => {
	t.deepEqual(rotated(['a', 'b', 'c'], 1), ['b', 'c', 'a'])
	t.deepEqual(rotated(['a', 'b', 'c'], 3), ['a', 'b', 'c'])
})
