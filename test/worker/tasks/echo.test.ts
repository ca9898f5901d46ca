import test from 'ava'
import { echo } from '../../../worker/tasks/echo.ts'
import { makeJob, run } from './support.ts'

test('echo gives the printed payload back as it is', async (t) => {
	const payload = { message: 'Hello World' }

	const result = await run(echo, payload)

	t.deepEqual(result, { message: 'Hello World' })
})

test('echo answers synchronously and logs nothing, since benchmarks measure the queue with it', (t) => {
	const job = makeJob()
	const payload = { deep: [{ er: null }] }

	const result = echo.handler(payload, job)

	t.is(result, payload)
	t.deepEqual(job.logs, [])
})
