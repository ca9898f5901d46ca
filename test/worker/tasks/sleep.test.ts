import test from 'ava'
import { sleep } from '../../../worker/tasks/sleep.ts'
import { makeJob, refusedFields, run } from './support.ts'

test('sleep waits for as long as it is told, decimals included', async (t) => {
	const started = performance.now()

	const result = await run(sleep, { duration: 0.05 })

	t.deepEqual(result, { slept: 0.05 })
	t.true(performance.now() - started >= 49)
})

test('an aborted sleep ends at once with the reason of the abort', async (t) => {
	const controller = new AbortController()
	const sleeping = run(sleep, { duration: 86_400 }, makeJob({ signal: controller.signal }))

	controller.abort(new Error('cancelled by ada'))

	await t.throwsAsync(sleeping, { message: 'cancelled by ada' })
})

test('sleep refuses a duration that is negative, longer than a day or no number', (t) => {
	const durations = [-0.1, 86_401, '2', null, undefined]

	const refused = durations.map((duration) => refusedFields(sleep, { duration }))

	t.deepEqual(
		refused,
		durations.map(() => ['duration']),
	)
})
