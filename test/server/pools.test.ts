import test from 'ava'
import { claim, registerWorker } from '../support/db.ts'
import { isProblem, type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

const put = (path: string, body?: unknown) => api.send('PUT', path, body)
const remove = (path: string) => api.send('DELETE', path)
const codes = async (id: string): Promise<string[]> => (await api.get(`/jobs/${id}/why`)).body.reasons.map(({ code }: Json) => code)

test('a pool is shared by jobs of all workers, and is deleted when none waits for it', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['shared'] })
	const made = await put('/pools/stripe_api', { capacity: 1 })
	const first = await api.submit({ queue: 'shared', resource_requirements: { stripe_api: 1 } })
	const second = await api.submit({ queue: 'shared', resource_requirements: { stripe_api: 1 } })

	const { claim_id, jobs } = await claim(db, worker, 5)
	const listed = (await api.get('/pools')).body.pools.find(({ pool }: Json) => pool === 'stripe_api')
	const why = (await api.get(`/jobs/${second.id}/why`)).body
	const refused = await remove('/pools/stripe_api')
	await put('/pools/stripe_api', { capacity: 2 })
	const rest = await claim(db, worker, 5)

	t.is(made.status, 200)
	t.like(made.body, { pool: 'stripe_api', capacity: 1, granted: 0, free: 1, refill_per_second: null, queue: null, type: null })
	t.deepEqual(
		jobs.map(({ job_id }) => job_id),
		[first.id],
	)
	t.like(listed, { granted: 1, free: 0 })
	t.like(why, { runnable: false, reasons: [{ code: 'pool_exhausted', details: { pool: 'stripe_api', job_ids: [first.id] } }] })
	isProblem(t, refused, 409, 'invalid_state', { state: 'needed' })
	t.is(rest.jobs[0]!.job_id, second.id)
	for (const [claimId, job_id] of [
		[claim_id, first.id],
		[rest.claim_id, second.id],
	])
		await claim(db, worker, 0, [{ claim_id: claimId!, job_id, outcome: 'completed' }])
	t.is((await remove('/pools/stripe_api')).status, 204)
	isProblem(t, await remove('/pools/stripe_api'), 404, 'not_found')
})

test('a pool that refills lets so many start in a while', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['rate'] })
	const { body } = await put('/pools/mail_api', { amount: 60, per_seconds: 3600, burst: 2 })
	const submitted = []
	for (let n = 0; n < 3; n++) submitted.push(await api.submit({ queue: 'rate', resource_requirements: { mail_api: 1 } }))

	const { jobs } = await claim(db, worker, 5)

	t.like(body, { pool: 'mail_api', capacity: 2, free: 2, granted: 0 })
	t.is(jobs.length, 2)
	const [reason] = (await api.get(`/jobs/${submitted[2].id}/why`)).body.reasons
	t.is(reason.code, 'pool_exhausted')
	t.true(reason.details.next_in_seconds > 50 && reason.details.next_in_seconds <= 60)
})

test('a pool that cannot be is refused', async (t) => {
	const bad: [Json, string][] = [
		[{}, 'capacity'],
		[undefined, 'body'],
		[{ capacity: -1 }, 'capacity'],
		[{ capacity: '5' }, 'capacity'],
		[{ capacity: 5, amount: 1 }, 'amount'],
		[{ amount: 0, per_seconds: 1 }, 'amount'],
		[{ amount: 1 }, 'per_seconds'],
		[{ per_seconds: 1 }, 'amount'],
		[{ amount: 1, per_seconds: 1, burst: -1 }, 'burst'],
		[{ amount: 1e300, per_seconds: 1e-300 }, 'amount'],
		[{ amount: 1, per_seconds: 1e-300 }, 'per_seconds'],
		[{ capacity: 1e9 }, 'capacity'],
		[{ size: 1 }, 'size'],
	]

	for (const [body, field] of bad) isProblem(t, await put('/pools/bad', body), 422, 'invalid_request', { field })
	isProblem(t, await put('/pools/cpu_units', { capacity: 1 }), 422, 'invalid_request', { field: 'pool' })
	isProblem(t, await put('/pools/a%20b', { capacity: 1 }), 422, 'invalid_request', { field: 'pool' })
	isProblem(t, await put('/pools/a%00b', { capacity: 1 }), 422, 'invalid_request', { field: 'name' })
	isProblem(t, await api.post('/pools/bad', { capacity: 1 }), 405, 'method_not_allowed')
	isProblem(t, await api.get('/pools/bad'), 405, 'method_not_allowed')
})

test('a queue and a type have limits of how many run and how many start', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['limited'] })
	const waiting = []
	for (let n = 0; n < 3; n++) waiting.push(await api.submit({ queue: 'limited' }))

	const { status, body } = await put('/queues/limited/limit', { max_running: 2, jobs: 100, per_seconds: 60, burst: 10 })
	const { jobs } = await claim(db, worker, 5)
	const shown = (await api.get('/queues/limited/limit')).body
	const ofType = await put('/task-types/math/limit', { max_running: 5 })

	t.is(status, 200)
	t.is(body.queue, 'limited')
	t.like(body.limits, [
		{ pool: 'queue:limited', capacity: 2 },
		{ pool: 'rate:queue:limited', capacity: 10 },
	])
	t.is(jobs.length, 2)
	t.like(shown.limits[0], { granted: 2, free: 0 })
	t.deepEqual(await codes(waiting[2].id), ['pool_exhausted'])
	t.like(ofType.body, { type: 'math', limits: [{ pool: 'type:math', capacity: 5 }] })
	t.is((await remove('/queues/limited/limit')).status, 204)
	t.is((await remove('/task-types/math/limit')).status, 204)
	isProblem(t, await remove('/queues/limited/limit'), 404, 'not_found')
	t.deepEqual((await api.get('/queues/limited/limit')).body, { queue: 'limited', limits: [] })
	t.is((await claim(db, worker, 5)).jobs.length, 1)
})

test('a limit that cannot be is refused, and of two that are given none is set', async (t) => {
	const bad: [Json, string][] = [
		[{}, 'max_running'],
		[{ max_running: -1 }, 'max_running'],
		[{ max_running: 1.5 }, 'max_running'],
		[{ per_seconds: 1 }, 'jobs'],
		[{ jobs: 0 }, 'jobs'],
		[{ jobs: 1e300 }, 'jobs'],
		[{ jobs: 1, burst: 0 }, 'burst'],
		[{ limit: 1 }, 'limit'],
		[{ max_running: 1, jobs: 1, per_seconds: 0 }, 'per_seconds'],
	]

	for (const path of ['/queues/bad/limit', '/task-types/bad/limit'])
		for (const [body, field] of bad) isProblem(t, await put(path, body), 422, 'invalid_request', { field })
	t.deepEqual((await api.get('/queues/bad/limit')).body.limits, [])
	isProblem(t, await put('/queues/a%20b/limit', { max_running: 1 }), 422, 'invalid_request', { field: 'name' })
	isProblem(t, await put('/task-types/a%20b/limit', { max_running: 1 }), 422, 'invalid_request', { field: 'type' })
	isProblem(t, await api.send('PATCH', '/queues/bad/limit', {}), 405, 'method_not_allowed')
})

test('jobs over the limit of their key are parked, and a higher limit lets them go on', async (t) => {
	const key = encodeURIComponent('a customer/ü')
	const first = await api.submit({ queue: 'keyed', concurrency_key: 'a customer/ü' })
	const second = await api.submit({ queue: 'keyed', concurrency_key: 'a customer/ü' })

	const before = (await api.get(`/concurrency-keys/${key}`)).body
	const why = (await api.get(`/jobs/${second.id}/why`)).body
	const raised = await put(`/concurrency-keys/${key}`, { max_running: 2 })

	t.deepEqual([first.status, second.status], ['ready', 'blocked'])
	t.deepEqual(before, { concurrency_key: 'a customer/ü', max_running: 1, admitted_count: 1, parked_count: 1 })
	t.like(why, { runnable: false, reasons: [{ code: 'concurrency_limit', details: { place_in_line: 1, job_ids: [first.id] } }] })
	t.is(raised.status, 200)
	t.deepEqual(raised.body, { concurrency_key: 'a customer/ü', max_running: 2, admitted_count: 2, parked_count: 0 })
	t.is((await api.get(`/jobs/${second.id}`)).body.status, 'ready')
})

test('keys are listed page by page, and what is none is refused', async (t) => {
	for (const key of ['k1', 'k2', 'k3']) await put(`/concurrency-keys/${key}`, { max_running: 1 })

	const first = (await api.get('/concurrency-keys?limit=2&after=k')).body
	const second = (await api.get(`/concurrency-keys?limit=2&after=${first.next_after}`)).body

	const names = [...first.concurrency_keys, ...second.concurrency_keys].map(({ concurrency_key }: Json) => concurrency_key)
	t.deepEqual(names.slice(0, 3), ['k1', 'k2', 'k3'])
	isProblem(t, await api.get('/concurrency-keys/none'), 404, 'not_found')
	for (const max_running of [0, 1.5, '1', undefined, 1e7])
		isProblem(t, await put('/concurrency-keys/k1', { max_running }), 422, 'invalid_request', { field: 'max_running' })
	isProblem(t, await put(`/concurrency-keys/${'x'.repeat(256)}`, { max_running: 1 }), 422, 'invalid_request', { field: 'concurrency_key' })
	isProblem(t, await remove('/concurrency-keys/k1'), 405, 'method_not_allowed')
})
