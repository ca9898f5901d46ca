import test from 'ava'
import { FatalError } from '../../../worker/task.ts'
import { randomFailure } from '../../../worker/tasks/random-failure.ts'
import { makeJob, refusedFields, run } from './support.ts'

test('a failure rate of 0 never fails', async (t) => {
	const results = await Promise.all(Array.from({ length: 200 }, () => run(randomFailure, { failure_rate: 0 })))

	t.true(results.every(({ failed }) => failed === false))
})

test('a failure rate of 1 always fails, with an error that may be retried', async (t) => {
	const failing = run(randomFailure, { failure_rate: 1 }, makeJob({ attempt: 2 }))

	const error = await t.throwsAsync(failing, { message: /attempt 2/ })
	t.false(error instanceof FatalError)
})

test('a failure rate between fails some attempts and not others', async (t) => {
	const outcomes = await Promise.allSettled(Array.from({ length: 400 }, () => run(randomFailure, { failure_rate: 0.5 })))

	t.deepEqual([...new Set(outcomes.map(({ status }) => status))].sort(), ['fulfilled', 'rejected'])
})

test('a failure rate outside 0 to 1 is refused', (t) => {
	const refused = [-0.1, 1.1].map((failure_rate) => refusedFields(randomFailure, { failure_rate }))

	t.deepEqual(refused, [['failure_rate'], ['failure_rate']])
})
