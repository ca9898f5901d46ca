import test from 'ava'
import { claim, registerWorker } from '../support/db.ts'
import { isProblem, type Json, startTestServer, useServer } from './support.ts'

const { db, api } = useServer(test)

const complete = (worker: string, claim_id: string | null, job_id: string) =>
	claim(db, worker, 0, [{ claim_id: claim_id!, job_id, outcome: 'completed' }])

const workerOf = async (id: string): Promise<Json> => (await api.get('/workers')).body.workers.find((worker: Json) => worker.id === id)

test('a job with further needs goes to a worker that has them', async (t) => {
	const plain = await registerWorker(db, { types: ['echo'], queues: ['needs'] })
	const able = await registerWorker(db, { types: ['echo'], queues: ['needs'], resources: { gpu: 2 } })

	const { id } = await api.submit({ queue: 'needs', resource_requirements: { cpu_units: 1, gpu: 1.5 } })
	const why = (await api.get(`/jobs/${id}/why`)).body
	const none = await claim(db, plain)
	const some = await claim(db, able)

	t.like(why, { runnable: true, reasons: [{ details: { worker_ids: [able] } }] })
	t.deepEqual(none.jobs, [])
	t.is(some.jobs[0]!.job_id, id)
})

// waits for resources, expected_seconds and concurrency_key at the end of taskq.jobs
test('a job shows what it asked for beside cpu and memory, wherever it is shown', async (t) => {
	await registerWorker(db, { types: ['echo'], queues: ['shown'], resources: { gpu: 2 } })
	const request = {
		queue: 'shown',
		resource_requirements: { cpu_units: 0.5, memory_mb: 64, gpu: 1.5 },
		concurrency_key: 'acme',
		expected_seconds: 12.5,
	}

	const job = await api.submit({ ...request, concurrency_limit: 3 })

	t.like(job, request)
	t.like((await api.get(`/jobs/${job.id}`)).body, request)
	t.like((await api.get('/jobs?queue=shown')).body.jobs[0], request)
	t.like((await api.get('/concurrency-keys/acme')).body, { max_running: 3 })
})

test('a batch takes the same fields', async (t) => {
	await registerWorker(db, { types: ['echo'], queues: ['batch'], resources: { gpu: 2 } })
	const worker = await registerWorker(db, { types: ['echo'], queues: ['batch'] })

	const good = {
		type: 'echo',
		queue: 'batch',
		resource_requirements: { gpu: 1 },
		concurrency_key: 'batch',
		concurrency_limit: 1,
		expected_seconds: 1,
	}
	const { status, body } = await api.post('/jobs/batch', { jobs: [good, good] })
	const bad = await api.post('/jobs/batch', { jobs: [good, { ...good, resource_requirements: { no_such_thing: 1 } }] })

	t.is(status, 201, JSON.stringify(body))
	const states = await Promise.all(body.jobs.map(async ({ id }: Json) => (await api.get(`/jobs/${id}`)).body.status))
	t.deepEqual(states, ['ready', 'blocked'])
	isProblem(t, bad, 422, 'invalid_request', { field: 'jobs[1].resource_requirements.no_such_thing' })
	t.deepEqual((await claim(db, worker)).jobs, [])
})

test('what cannot be asked for is refused by its name', async (t) => {
	await registerWorker(db, { types: ['echo'], queues: ['refused'], resources: { license: 1 } })
	const bad: [Json, string][] = [
		[{ resource_requirements: { licence: 1 } }, 'resource_requirements.licence'],
		[{ resource_requirements: { license: -1 } }, 'resource_requirements.license'],
		[{ resource_requirements: { license: '1' } }, 'resource_requirements.license'],
		[{ resource_requirements: { license: [] } }, 'resource_requirements.license'],
		[{ concurrency_key: '' }, 'concurrency_key'],
		[{ concurrency_key: 'x'.repeat(256) }, 'concurrency_key'],
		[{ concurrency_key: 7 }, 'concurrency_key'],
		[{ concurrency_key: 'x', concurrency_limit: 0 }, 'concurrency_limit'],
		[{ concurrency_key: 'x', concurrency_limit: 1.5 }, 'concurrency_limit'],
		[{ expected_seconds: -1 }, 'expected_seconds'],
		[{ expected_seconds: 'long' }, 'expected_seconds'],
	]

	for (const [fields, field] of bad) isProblem(t, await api.post('/jobs', { type: 'echo', ...fields }), 422, 'invalid_request', { field })
})

test('why says runnable, and who takes it, when and only when the next claim does', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['why'], cpuUnits: 1 })
	const first = await api.submit({ queue: 'why', resource_requirements: { cpu_units: 1 } })
	const second = await api.submit({ queue: 'why', resource_requirements: { cpu_units: 1 } })

	const before = (await api.get(`/jobs/${first.id}/why`)).body
	const { claim_id, jobs } = await claim(db, worker)
	const running = (await api.get(`/jobs/${first.id}/why`)).body
	const waiting = (await api.get(`/jobs/${second.id}/why`)).body

	t.true(before.runnable)
	t.is(before.reasons.length, 1)
	t.like(before.reasons[0], { code: 'runnable', details: { worker_ids: [worker] } })
	t.is(jobs[0]!.job_id, first.id)
	t.like(running, { runnable: false, reasons: [{ code: 'running' }] })
	t.like(waiting, { runnable: false, reasons: [{ code: 'waiting_for_capacity', details: { place_in_line: 1 } }] })
	t.is(typeof waiting.reasons[0].message, 'string')
	await complete(worker, claim_id, first.id)
	t.true((await api.get(`/jobs/${second.id}/why`)).body.runnable)
	isProblem(t, await api.get('/jobs/0190a0a0-0000-7000-8000-000000000000/why'), 404, 'not_found')
})

test('a worker shows what it has, what it has granted, and what its machine uses', async (t) => {
	const id = await registerWorker(db, { types: ['echo'], queues: ['granted'], cpuUnits: 4, memoryMb: 100, resources: { gpu: 2 } })
	const fresh = await workerOf(id)
	await api.submit({ queue: 'granted', resource_requirements: { cpu_units: 1.5, memory_mb: 30, gpu: 0.5 } })
	await claim(db, id)
	await db.query('select taskq.heartbeat($1, $2)', [id, JSON.stringify({ cpu_units: 0.7 })])

	const busy = await workerOf(id)

	t.like(fresh, { cpu_units: 4, memory_mb: 100, resources: { gpu: 2 }, granted_resources: {}, reserved_job_id: null, load: null })
	t.like(busy, { granted_cpu_units: 1.5, granted_memory_mb: 30, granted_resources: { gpu: 0.5 }, load: { cpu_units: 0.7 } })
})

test('the capacity of a live worker is changed, and what it runs goes on', async (t) => {
	const id = await registerWorker(db, { types: ['echo'], queues: ['resized'], cpuUnits: 4, memoryMb: 100 })
	await api.submit({ queue: 'resized', resource_requirements: { cpu_units: 3 } })
	await claim(db, id)

	const { status, body } = await api.send('PATCH', `/workers/${id}/capacity`, { cpu_units: 2.5, resources: { gpu: 1 } })

	t.is(status, 200)
	t.like(body, { id, cpu_units: 2.5, memory_mb: 100, resources: { gpu: 1 }, granted_cpu_units: 3 })
	t.like(await workerOf(id), { cpu_units: 2.5 })
})

test('a capacity that cannot be is refused', async (t) => {
	const id = await registerWorker(db, { types: ['echo'], queues: ['refused'] })
	const path = `/workers/${id}/capacity`
	const bad: [Json, string][] = [
		[{}, 'body'],
		[undefined, 'body'],
		[{ cpu_units: -1 }, 'cpu_units'],
		[{ cpu_units: 1e9 }, 'cpu_units'],
		[{ cpu_units: '4' }, 'cpu_units'],
		[{ memory_mb: 1.5 }, 'memory_mb'],
		[{ memory_mb: 2 ** 31 }, 'memory_mb'],
		[{ gpu: 1 }, 'gpu'],
		[{ resources: { gpu: -1 } }, 'resources.gpu'],
		[{ resources: { cpu_units: 1 } }, 'resources.cpu_units'],
		[{ resources: [1] }, 'resources'],
	]

	for (const [body, field] of bad) isProblem(t, await api.send('PATCH', path, body), 422, 'invalid_request', { field })
	isProblem(t, await api.send('PATCH', '/workers/x/capacity', { cpu_units: 1 }), 404, 'not_found')
	isProblem(t, await api.send('PATCH', '/workers/0190a0a0-0000-7000-8000-000000000000/capacity', { cpu_units: 1 }), 404, 'not_found')
	isProblem(t, await api.send('PUT', path, { cpu_units: 1 }), 405, 'method_not_allowed')
	await db.query('select taskq.stop_worker($1)', [id])
	isProblem(t, await api.send('PATCH', path, { cpu_units: 1 }), 409, 'worker_ended')
})

test('a preview is what the next claim takes', async (t) => {
	const id = await registerWorker(db, { types: ['echo'], queues: ['preview'], cpuUnits: 2 })
	for (const priority of ['low', 'critical', 7])
		await api.submit({ queue: 'preview', priority, resource_requirements: { cpu_units: 1, memory_mb: 3 } })

	const { body } = await api.get(`/workers/${id}/preview`)
	const one = (await api.get(`/workers/${id}/preview?max_jobs=1`)).body
	const { jobs } = await claim(db, id, 10)

	t.deepEqual(
		body.jobs.map((job: Json) => job.id),
		jobs.map(({ job_id }) => job_id),
	)
	t.deepEqual(one.jobs, body.jobs.slice(0, 1))
	const { id: _, ...first } = body.jobs[0]
	t.deepEqual(first, {
		place: 1,
		type: 'echo',
		queue: 'preview',
		priority: 'critical',
		resource_requirements: { cpu_units: 1, memory_mb: 3 },
	})
	isProblem(t, await api.get(`/workers/${id}/preview?max_jobs=0`), 422, 'invalid_request', { field: 'max_jobs' })
	isProblem(t, await api.get('/workers/0190a0a0-0000-7000-8000-000000000000/preview'), 404, 'not_found')
})

test('how long a large job waits for a worker of its own is a setting of the server, kept in the database', async (t) => {
	const server = await startTestServer(db, { env: { RESERVE_AFTER_SECONDS: '77' } })
	await server.stop()

	t.is((await db.row('select reserve_after_seconds as seconds from taskq_private.settings')).seconds, 77)
})
