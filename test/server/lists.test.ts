import test from 'ava'
import { claim, registerWorker } from '../support/db.ts'
import { type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

async function ids(query: string): Promise<string[]> {
	const { status, body } = await api.get(`/jobs?${query}`)
	if (status !== 200) throw new Error(JSON.stringify(body))
	return body.jobs.map(({ id }: Json) => id)
}

test('jobs are listed by each filter, newest first', async (t) => {
	const common = { queue: 'filters', metadata: { customer: 'acme', n: 1 } }
	const echo = await api.submit({ ...common, priority: 'high' })
	const later = await api.submit({ ...common, type: 'math', payload: { operation: 'add', a: 1, b: 2 }, run_at: '2090-01-01T00:00:00Z' })
	const other = await api.submit({ ...common, priority: 7, metadata: { customer: 'other', 'a.b': 'x' } })
	const expected: Record<string, Json[]> = {
		'': [other, later, echo],
		'status=pending': [later],
		'status=ready,pending': [other, later, echo],
		'status=ready&status=pending': [other, later, echo],
		'status_filter=ready': [other, echo],
		'type=math': [later],
		'type=echo,math': [other, later, echo],
		'priority=high': [echo],
		'priority=2,7': [other, echo],
		'run_at_from=2089-01-01': [later],
		'run_at_to=2089-01-01': [],
		'created_from=2020-01-01T00:00:00%2B02:00': [other, later, echo],
		'created_from=2020-01-01T00:00:00+02:00': [other, later, echo],
		'created_to=2020-01-01': [],
		'metadata={"customer":"acme"}': [later, echo],
		'metadata={"n":1}': [later, echo],
		'metadata.customer=other': [other],
		'metadata.a.b=x': [other],
		'metadata={"n":1}&metadata.customer=acme&status=pending': [later],
	}

	for (const [query, jobs] of Object.entries(expected))
		t.deepEqual(
			await ids(`queue=filters&${query}`),
			jobs.map(({ id }) => id),
			query,
		)
})

test('a list is paged by a cursor that later submits do not disturb', async (t) => {
	const submitted: string[] = []
	for (let i = 0; i < 5; i++) submitted.push((await api.submit({ queue: 'paged' })).id)
	const seen: string[] = []

	let path = '/jobs?queue=paged&limit=2'
	for (;;) {
		const { body } = await api.get(path)
		seen.push(...body.jobs.map(({ id }: Json) => id))
		if (body.next_cursor === null) break
		await api.submit({ queue: 'paged' })
		path = `/jobs?queue=paged&limit=2&cursor=${body.next_cursor}`
	}

	t.deepEqual(seen, submitted.toReversed())
})

test('the last page has no cursor, and a total comes only when asked for', async (t) => {
	for (let i = 0; i < 3; i++) await api.submit({ queue: 'counted' })

	const exact = (await api.get('/jobs?queue=counted&limit=3')).body
	const counted = (await api.get('/jobs?queue=counted&limit=1&total=true')).body

	t.is(exact.next_cursor, null)
	t.false('total' in exact)
	t.is(counted.total, 3)
	t.is(counted.jobs.length, 1)
})

test('a list shows jobs as they are shown one by one, but for what needs a look at each', async (t) => {
	const { id } = await api.submit({ queue: 'shapes' })

	const [listed] = (await api.get('/jobs?queue=shapes')).body.jobs

	const { depends_on, progress, cancel_requested_at, ...job } = (await api.get(`/jobs/${id}`)).body
	t.deepEqual(listed, job)
})

test('a log is read by level and on from a line', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['logs'] })
	const { id } = await api.submit({ queue: 'logs' })
	const { claim_id } = await claim(db, worker)
	const lines = (['debug', 'info', 'warn', 'error'] as const).map((level) => ({
		level,
		message: `a ${level}`,
		data: { level },
		age_seconds: 0,
	}))
	await claim(db, worker, 0, [{ claim_id: claim_id!, job_id: id, outcome: 'completed', result: null, logs: lines }])

	const all = (await api.get(`/jobs/${id}/logs`)).body
	const warnings = (await api.get(`/jobs/${id}/logs?level=warn`)).body
	const first = (await api.get(`/jobs/${id}/logs?limit=1`)).body
	const rest = (await api.get(`/jobs/${id}/logs?after=${first.next_after}`)).body
	const end = (await api.get(`/jobs/${id}/logs?after=${rest.next_after}`)).body

	t.deepEqual(
		all.logs.map(({ message }: Json) => message),
		['a debug', 'a info', 'a warn', 'a error'],
	)
	t.like(all.logs[0], { attempt: 1, level: 'debug', data: { level: 'debug' } })
	t.is(warnings.logs.length, 2)
	t.deepEqual([...first.logs, ...rest.logs], all.logs)
	t.deepEqual(end, { logs: [], next_after: rest.next_after })
})

test('executions show every attempt with its outcome', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['attempts'] })
	const { id } = await api.submit({ queue: 'attempts', retry_config: { initial_delay_seconds: 0, jitter: 0 } })
	const first = await claim(db, worker)
	const error = { name: 'Error', message: 'no luck' }
	await claim(db, worker, 0, [{ claim_id: first.claim_id!, job_id: id, outcome: 'failed', error, retry_after_seconds: 0 }])
	const second = await claim(db, worker)

	const { executions } = (await api.get(`/jobs/${id}/executions`)).body

	t.is(executions.length, 2)
	t.like(executions[0], { attempt: 1, claim_id: first.claim_id, worker_id: worker, outcome: 'failed', error })
	t.true(executions[0].duration_seconds >= 0)
	t.like(executions[1], { attempt: 2, claim_id: second.claim_id, outcome: null, ended_at: null, duration_seconds: null })
})

test('queues, workers and task types are listed', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['listed'], cpuUnits: 2.5 })
	await api.submit({ queue: 'listed' })

	const { queues } = (await api.get('/queues')).body
	const { workers } = (await api.get('/workers')).body
	const { task_types } = (await api.get('/task-types')).body

	t.like(
		queues.find(({ queue }: Json) => queue === 'listed'),
		{ ready_count: 1, running_count: 0, paused_at: null },
	)
	t.like(
		workers.find(({ id }: Json) => id === worker),
		{ status: 'active', cpu_units: 2.5, types: ['echo'] },
	)
	t.is(task_types.find(({ type }: Json) => type === 'sleep').payload_schema.type, 'object')
})
