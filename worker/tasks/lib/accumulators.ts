import { FatalError } from '../../task.ts'

export const OPERATIONS = ['count', 'sum', 'avg', 'min', 'max', 'median'] as const
export type Operation = (typeof OPERATIONS)[number]

export interface Accumulator {
	add(value: number): void
	/** Null where there was no number; count and sum are 0 then. */
	result(): number | null
}

// A median needs every value of its group, 8 bytes each; a group larger than this does not fit beside the others.
const MAX_MEDIAN_VALUES = 5_000_000

export function makeAccumulator(op: Operation): Accumulator {
	switch (op) {
		case 'count': {
			let count = 0
			return { add: () => void count++, result: () => count }
		}
		case 'sum':
			return makeSum((sum) => sum)
		case 'avg':
			return makeSum((sum, count) => (count === 0 ? null : sum / count))
		case 'min':
			return makeExtreme((value, extreme) => value < extreme)
		case 'max':
			return makeExtreme((value, extreme) => value > extreme)
		case 'median':
			return makeMedian()
	}
}

/** Adds what rounding lost at the end (Neumaier): a million cents are 10,000, not 10,000.00000017. */
function makeSum(finish: (sum: number, count: number) => number | null): Accumulator {
	let sum = 0
	let lost = 0
	let count = 0
	return {
		add(value) {
			const next = sum + value
			lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
			sum = next
			count++
		},
		result() {
			const total = sum + lost
			if (!Number.isFinite(total)) throw new FatalError('a sum is too large for a number')
			return finish(total, count)
		},
	}
}

function makeExtreme(beats: (value: number, extreme: number) => boolean): Accumulator {
	let extreme: number | null = null
	return {
		add(value) {
			if (extreme === null || beats(value, extreme)) extreme = value
		},
		result: () => extreme,
	}
}

function makeMedian(): Accumulator {
	const values: number[] = []
	return {
		add(value) {
			if (values.length === MAX_MEDIAN_VALUES) throw new FatalError(`a median over more than ${MAX_MEDIAN_VALUES} values of one group`)
			values.push(value)
		},
		result() {
			const sorted = Float64Array.from(values).sort()
			const upper = sorted[sorted.length >> 1]
			if (upper === undefined) return null
			const lower = sorted[(sorted.length - 1) >> 1] ?? upper
			return lower + (upper - lower) / 2
		},
	}
}
