import { readFileSync } from 'node:fs'
import test from 'ava'
import { claim, registerWorker, statusOf } from '../support/db.ts'
import { type Json, useServer } from './support.ts'

const { db, api } = useServer(test)
const requests: Json[] = JSON.parse(readFileSync(new URL('./requests.json', import.meta.url), 'utf8'))

test('a submitted job is answered with 201, where it is, and all that is known of it', async (t) => {
	const request = {
		type: 'echo',
		name: 'first',
		queue: 'mail',
		priority: 'high',
		payload: { message: 'hi' },
		resource_requirements: { cpu_units: 0.5, memory_mb: 64 },
		retry_config: { max_attempts: 5, backoff_multiplier: 3, initial_delay_seconds: 2, max_delay_seconds: 60, jitter: 0 },
		timeout_seconds: 30,
		run_at: '2100-01-01T00:00:00+02:00',
		idempotency_key: 'answered-in-full',
		metadata: { customer: 'acme' },
		created_by: 'someone',
		trace_context: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
	}

	const { status, headers, body } = await api.post('/jobs', request)

	t.is(status, 201)
	t.is(headers.get('location'), `/jobs/${body.id}`)
	t.like(body, { ...request, run_at: '2099-12-31T22:00:00.000Z', status: 'pending', due_at: '2099-12-31T22:00:00.000Z' })
	t.like(body, { created: true, warnings: [], attempt: 1, depends_on: [], result: null, error: null, progress: null, workflow_id: null })
	t.regex(body.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
	const { created, warnings, ...job } = body
	t.deepEqual((await api.get(`/jobs/${body.id}`)).body, job)
})

test('every request of the requirement documents does what its entry says', async (t) => {
	const first = await api.submit()
	const second = await api.submit()
	const names = new Map([
		['job_id_1', first.id],
		['job_id_2', second.id],
	])

	for (const { method, path, body, expect } of requests) {
		const known = expect === 201 && body?.depends_on
		const sent = known ? { ...body, depends_on: body.depends_on.map((name: string) => names.get(name)) } : body
		const answer = await api.send(method, path, sent)

		t.is(answer.status, expect, JSON.stringify(answer.body))
		if (method === 'GET') continue
		if (expect === 422)
			t.like(answer.body, { code: 'unknown_dependency', field: 'depends_on', detail: 'depends_on "job_id_1" is not a job id' })
		else t.is((await api.get(`/jobs/${answer.body.id}`)).status, 200)
	}
})

test('the aliases of the requirement documents mean what they say', async (t) => {
	const { body } = await api.post('/jobs', {
		job_type: 'sleep',
		payload: '{"duration": 2}',
		priority: 5,
		max_retries: 3,
		timeout_seconds: 30,
	})

	t.like(body, { type: 'sleep', payload: { duration: 2 }, priority: 5, timeout_seconds: 30, retry_config: { max_attempts: 4 } })
	const { body: listed } = await api.get('/jobs?status_filter=ready&type=sleep')
	t.true(listed.jobs.some(({ id }: Json) => id === body.id))
})

test('the same request under one idempotency key is answered with the first job and 200', async (t) => {
	const request = { type: 'echo', payload: { n: 1 }, idempotency_key: 'once' }
	const first = await api.post('/jobs', request)

	const second = await api.post('/jobs', request)

	t.is(first.status, 201)
	t.is(second.status, 200)
	t.like(second.body, { id: first.body.id, created: false })
	t.is(second.headers.get('location'), `/jobs/${first.body.id}`)
})

test('a job that waits for others shows which and is blocked', async (t) => {
	const parents = [await api.submit(), await api.submit()].map(({ id }) => id)

	const job = await api.submit({ depends_on: parents })

	t.like(job, { status: 'blocked', depends_on: parents.toSorted() })
	t.deepEqual((await api.get(`/jobs/${job.id}`)).body.depends_on, parents.toSorted())
})

test('a job larger than every live worker is accepted with a warning, and why says so', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], cpuUnits: 4, memoryMb: 1024, queues: ['huge'] })

	const job = await api.submit({ queue: 'huge', resource_requirements: { cpu_units: 640 } })

	t.is(job.warnings.length, 1)
	t.regex(job.warnings[0], /larger than every live worker/)
	const { body: why } = await api.get(`/jobs/${job.id}/why`)
	t.false(why.runnable)
	t.like(why.reasons[0], { code: 'larger_than_every_worker', details: { cpu_units: 640 } })
	await db.query('select taskq.stop_worker($1)', [worker])
})

test('a payload keeps every value as it was, keys such as __proto__ included', async (t) => {
	const payload =
		'{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"text":"ünïcödé 😀","deep":[[[null]]],"n":-0.5}'

	const { body } = await api.post('/jobs', `{"type":"echo","payload":${payload}}`)

	t.is(body.payload.polluted, undefined)
	t.is(({} as Json).polluted, undefined)
	const stored = await db.row('select payload = $2::jsonb as same from taskq.jobs where job_id = $1', [body.id, payload])
	t.true(stored.same)
	const shown = await (await fetch(`${api.url}/jobs/${body.id}`)).text()
	t.true(shown.includes('"__proto__":{"polluted":true}'))
})

test('paths may end in a slash', async (t) => {
	const { body: submitted } = await api.post('/jobs/', { type: 'echo' })

	const answers = await Promise.all(['/jobs/', `/jobs/${submitted.id}/`, '/queues/', '/health/'].map((path) => api.get(path)))

	t.deepEqual(
		answers.map(({ status }) => status),
		[200, 200, 200, 200],
	)
})

test('a finished job shows its result and who ran it', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['finished'] })
	const job = await api.submit({ queue: 'finished' })
	const { claim_id } = await claim(db, worker)

	const running = (await api.get(`/jobs/${job.id}`)).body
	await claim(db, worker, 0, [{ claim_id: claim_id!, job_id: job.id, outcome: 'completed', result: { result: 8 } }])
	const finished = (await api.get(`/jobs/${job.id}`)).body

	t.like(running, { status: 'running', worker_id: worker })
	t.like(finished, { status: 'completed', result: { result: 8 }, worker_id: worker })
	t.true(finished.finished_at >= finished.started_at)
	t.is(await statusOf(db, job.id), 'completed')
})
