import test from 'ava'
import { FatalError } from '../../../worker/task.ts'
import { math } from '../../../worker/tasks/math.ts'
import { refusedFields, run } from './support.ts'

test('math adds the printed payload up to exactly 8', async (t) => {
	const payload = { operation: 'add', a: 5, b: 3 }

	const result = await run(math, payload)

	t.deepEqual(result, { result: 8 })
})

test('each operation calculates what its name says', async (t) => {
	const expected = { add: 10, subtract: 4, multiply: 21, divide: 7 / 3, power: 343, modulo: 1 }

	const results = await Promise.all(Object.keys(expected).map((operation) => run(math, { operation, a: 7, b: 3 })))

	t.deepEqual(
		results.map(({ result }) => result),
		Object.values(expected),
	)
})

test('a division or remainder by zero fails for good and says so', async (t) => {
	for (const operation of ['divide', 'modulo']) {
		const calculation = run(math, { operation, a: 1, b: 0 })

		await t.throwsAsync(calculation, { instanceOf: FatalError, message: /division by zero/ })
	}
})

test('a result that is no finite number fails for good', async (t) => {
	const payloads = [
		{ operation: 'multiply', a: 1e308, b: 10 },
		{ operation: 'power', a: -8, b: 0.5 },
		{ operation: 'power', a: 0, b: -1 },
	]

	for (const payload of payloads) {
		const calculation = run(math, payload)

		await t.throwsAsync(calculation, { instanceOf: FatalError, message: /no finite number/ })
	}
})

test('math refuses an operation that it does not know', (t) => {
	const payload = { operation: 'constructor', a: 1, b: 2 }

	const refused = refusedFields(math, payload)

	t.deepEqual(refused, ['operation'])
})
