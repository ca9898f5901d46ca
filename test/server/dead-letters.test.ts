import test from 'ava'
import { claim, registerWorker, statusOf } from '../support/db.ts'
import { isProblem, type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

/** A job of a queue of its own that has failed for good. */
async function failedJob(queue: string): Promise<string> {
	const worker = await registerWorker(db, { types: ['echo'], queues: [queue] })
	const { id } = await api.submit({ queue })
	const { claim_id } = await claim(db, worker)
	await claim(db, worker, 0, [
		{ claim_id: claim_id!, job_id: id, outcome: 'failed', fatal: true, error: { name: 'Error', message: 'never works' } },
	])
	return id
}

test('a failed job is listed as a dead letter and can be retried from there', async (t) => {
	const id = await failedJob('letters')

	const { dead_letters } = (await api.get('/dead-letters?queue=letters')).body
	const retried = await api.post(`/dead-letters/${id}/retries`)

	t.is(dead_letters.length, 1)
	t.like(dead_letters[0], { id, type: 'echo', reason: 'fatal', error: { message: 'never works' } })
	t.is(retried.status, 201)
	t.is(retried.headers.get('location'), `/jobs/${id}`)
	t.deepEqual(retried.body, { id, status: 'ready' })
	t.deepEqual((await api.get('/dead-letters?queue=letters')).body, { dead_letters: [], next_cursor: null })
})

test('dead letters are paged', async (t) => {
	const failed = [await failedJob('pages'), await failedJob('pages'), await failedJob('pages')]

	const first = (await api.get('/dead-letters?queue=pages&limit=2')).body
	const second = (await api.get(`/dead-letters?queue=pages&limit=2&cursor=${first.next_cursor}`)).body

	t.deepEqual(
		[...first.dead_letters, ...second.dead_letters].map(({ id }: Json) => id),
		failed.toReversed(),
	)
	t.is(second.next_cursor, null)
})

test('dead letters are retried and discarded by queue and type', async (t) => {
	const retried = [await failedJob('bulk'), await failedJob('bulk')]
	const discarded = await failedJob('bulk')
	const kept = await failedJob('kept')

	const retries = await api.post('/dead-letters/retries', { queue: 'bulk', type: 'echo', max_jobs: 2 })
	const discards = await api.send('DELETE', '/dead-letters?queue=bulk')

	t.deepEqual(retries.body, { retried: 2 })
	t.deepEqual(discards.body, { discarded: 1 })
	t.deepEqual(await Promise.all(retried.map((id) => statusOf(db, id))), ['ready', 'ready'])
	isProblem(t, await api.get(`/jobs/${discarded}`), 404, 'not_found')
	t.is(await statusOf(db, kept), 'failed')
})

test('a dead letter is discarded with 204', async (t) => {
	const id = await failedJob('discarded')

	const { status, body } = await api.send('DELETE', `/dead-letters/${id}`)

	t.is(status, 204)
	t.is(body, '')
	isProblem(t, await api.get(`/jobs/${id}`), 404, 'not_found')
})

test('wrong requests to retry dead letters are refused', async (t) => {
	for (const body of [{ max_jobs: 0 }, { max_jobs: 1.5 }, { max_jobs: '1' }, { type: 1 }, { types: [] }])
		isProblem(t, await api.post('/dead-letters/retries', body), 422, 'invalid_request', { field: Object.keys(body)[0] })
})
