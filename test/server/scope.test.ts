import test from 'ava'
import { callOne } from '../../db/calls.ts'
import { claim, registerWorker } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { isProblem, openStream, useServer } from './support.ts'

const { db, api } = useServer(test)

async function issue(role: string, queues: string[] | null): Promise<Record<string, string>> {
	const { api_key } = await callOne<{ api_key: string }>(db.pool, 'issueApiKey', ['scoped', role, queues, null])
	return { Authorization: `Bearer ${api_key}` }
}
const keyFor = (role: string, ...queues: string[]) => issue(role, queues)
const keyOfAll = (role: string) => issue(role, null)

/** A job of each of two queues of the test's own, and a key for the first alone. */
async function makeScene(name: string, role = 'taskq_operator') {
	const [mine, theirs] = [`${name}.mine`, `${name}.theirs`]
	const [own, foreign] = [await api.submit({ queue: mine }), await api.submit({ queue: theirs })]
	return { mine, theirs, own, foreign, headers: await keyFor(role, mine, `${name}.other`) }
}

/** Fails what waits in a queue, for good. */
async function failAll(queue: string): Promise<void> {
	const worker = await registerWorker(db, { queues: [queue] })
	const { claim_id, jobs } = await claim(db, worker, 10)
	for (const { job_id } of jobs) await db.query(`select taskq.fail_job($1, $2, 'no', fatal => true)`, [claim_id, job_id])
}

test.serial('a key for some queues sees the jobs of these alone', async (t) => {
	const { own, foreign, headers, mine } = await makeScene('sees', 'taskq_reader')

	const list = await api.get('/jobs?limit=100', headers)
	const graphql = await until(async () => {
		const { status, body } = await api.post(
			'/graphql',
			{ query: '{ listJobs { jobId } countJobs queues(first: 50) { nodes { queue } } }' },
			headers,
		)
		return status !== 503 && body.data
	})
	const queues = await api.get('/queues', headers)

	t.deepEqual(
		list.body.jobs.map(({ id }: { id: string }) => id),
		[own.id],
	)
	t.is((await api.get('/jobs?total=true', headers)).body.total ?? 1, 1)
	t.deepEqual(graphql.listJobs, [{ jobId: own.id }])
	t.is(Number(graphql.countJobs), 1)
	t.deepEqual(
		[graphql.queues.nodes, queues.body.queues.map(({ queue }: { queue: string }) => ({ queue }))],
		[[{ queue: mine }], [{ queue: mine }]],
	)
	t.is((await api.get(`/jobs/${own.id}`, headers)).status, 200)
	t.is((await api.get(`/jobs/${own.id}?wait=1`, headers)).status, 200)
	for (const path of ['', '?wait=60', '/why', '/graph'])
		isProblem(t, await api.get(`/jobs/${foreign.id}${path}`, headers), 404, 'not_found')
	for (const part of ['logs', 'executions']) {
		const { status, body } = await api.get(`/jobs/${foreign.id}/${part}`, headers)
		t.true(status === 404 || body[part].length === 0, part)
	}
})

test.serial('it waits for jobs of these alone, whoever of its role waits beside it', async (t) => {
	const { own, foreign, headers } = await makeScene('waits', 'taskq_reader')
	const all = await keyOfAll('taskq_reader')
	const beside = api.get(`/jobs/${foreign.id}?wait=60`, all) // its look is not theirs
	await until(async () => (await api.get('/health')).body.checks.waits.waiting > 0)

	const refused = await api.get(`/jobs/${foreign.id}?wait=1`, headers)
	const conditional = await api.get(`/jobs/${foreign.id}?wait=1`, { ...headers, 'If-None-Match': '"x"' })
	const seen = await api.get(`/jobs/${own.id}?wait=1`, headers)
	await api.send('PATCH', `/jobs/${foreign.id}/cancel`)

	isProblem(t, refused, 404, 'not_found')
	isProblem(t, conditional, 404, 'not_found')
	t.like(seen, { status: 200, body: { id: own.id } })
	t.like(await beside, { status: 200, body: { id: foreign.id, status: 'cancelled' } })
})

test.serial('it is told why a job of these does not run, also where the claim must be asked', async (t) => {
	const { mine, theirs, own, foreign, headers } = await makeScene('why', 'taskq_reader')
	await registerWorker(db, { queues: [mine, theirs], concurrency: 1 })

	const { status, body } = await api.get(`/jobs/${own.id}/why`, headers)

	t.is(status, 200, JSON.stringify(body))
	t.deepEqual(
		body.reasons.map(({ code }: { code: string }) => code),
		['runnable'],
	)
	isProblem(t, await api.get(`/jobs/${foreign.id}/why`, headers), 404, 'not_found')
})

test.serial('it submits to these alone, and no job of them waits for one of another', async (t) => {
	const { mine, theirs, own, foreign, headers } = await makeScene('submits', 'taskq_client')
	const submit = (request: object) => api.post('/jobs', { type: 'echo', ...request }, headers)
	const batch = (...jobs: object[]) => api.post('/jobs/batch', { jobs: jobs.map((job) => ({ type: 'echo', ...job })) }, headers)

	t.is((await submit({ queue: mine })).status, 201)
	t.is((await submit({ queue: mine, depends_on: [own.id], idempotency_key: 'mine' })).status, 201)
	isProblem(t, await submit({ queue: theirs }), 403, 'forbidden')
	isProblem(t, await submit({}), 403, 'forbidden')
	isProblem(t, await submit({ queue: theirs, idempotency_key: 'theirs' }), 403, 'forbidden')
	isProblem(t, await submit({ queue: mine, depends_on: [foreign.id] }), 422, 'unknown_dependency')
	isProblem(t, await batch({ queue: mine }, { queue: theirs }), 403, 'forbidden', { field: 'jobs[1].queue' })
	isProblem(t, await batch({ queue: mine, depends_on: [foreign.id] }), 422, 'unknown_dependency')
	isProblem(t, await api.post(`/jobs/${own.id}/dependencies`, { depends_on: foreign.id }, headers), 422, 'unknown_dependency')
	isProblem(t, await api.post(`/jobs/${foreign.id}/dependencies`, { depends_on: own.id }, headers), 404, 'not_found')
	isProblem(t, await api.send('PATCH', `/jobs/${foreign.id}/cancel`, {}, headers), 404, 'not_found')
	t.is((await api.send('PATCH', `/jobs/${own.id}/cancel`, {}, headers)).status, 200)
	t.is((await db.row('select count(*)::int as n from taskq.jobs where queue = $1', [theirs])).n, 1)
})

test.serial('keys of requests and of concurrency are shared by all queues, and tell and change nothing of another', async (t) => {
	const { mine, theirs, headers } = await makeScene('shares', 'taskq_client')
	const shared = { type: 'echo', idempotency_key: 'shares.request', concurrency_key: 'shares.resource' }
	const { id } = await api.submit({ ...shared, queue: theirs, concurrency_limit: 2 })
	const graph = { workflow: { name: 'w', idempotency_key: 'shares.graph' }, jobs: [{ type: 'echo', queue: theirs }] }
	const { workflow_id } = (await api.post('/jobs/batch', graph)).body
	const limit = async (key: string) =>
		(await db.row('select max_running as n from taskq.concurrency_keys where concurrency_key = $1', [key])).n

	const conflict = await api.post('/jobs', { ...shared, queue: mine }, headers)
	const repeat = await api.post('/jobs/batch', graph, headers)
	const { id: own } = (await api.post('/jobs', { ...shared, queue: mine, idempotency_key: 'shares.own', concurrency_limit: 50 }, headers))
		.body
	const again = await api.post('/jobs', { type: 'echo', queue: mine, idempotency_key: 'shares.own' }, headers)
	for (const concurrency_limit of [3, 5])
		await api.post('/jobs', { type: 'echo', queue: mine, concurrency_key: 'shares.mine', concurrency_limit }, headers)

	for (const answer of [conflict, repeat]) isProblem(t, answer, 409, 'idempotency_conflict')
	t.deepEqual([conflict.body.job_id, repeat.body.workflow_id], [undefined, undefined])
	t.false(JSON.stringify(conflict.body).includes(id), JSON.stringify(conflict.body))
	t.false(JSON.stringify(repeat.body).includes(workflow_id), JSON.stringify(repeat.body))
	isProblem(t, again, 409, 'idempotency_conflict', { job_id: own })
	t.deepEqual([await limit('shares.resource'), await limit('shares.mine')], [2, 5])
})

test.serial('it steers these alone, and nothing that concerns all', async (t) => {
	const { mine, theirs, own, foreign, headers } = await makeScene('steers')
	const worker = await registerWorker(db)
	await Promise.all([failAll(mine), failAll(theirs)])
	const send = (method: string, path: string, body?: unknown) => api.send(method, path, body, headers)

	t.deepEqual(
		(await api.get('/dead-letters', headers)).body.dead_letters.map(({ job_id, id = job_id }: { id?: string; job_id: string }) => id),
		[own.id],
	)
	t.is((await send('PUT', `/queues/${mine}/pause`)).status, 200)
	t.is((await send('PUT', `/queues/${mine}/limit`, { max_running: 1 })).status, 200)
	const refused: [string, string, unknown?][] = [
		['PUT', `/queues/${theirs}/pause`],
		['DELETE', `/queues/${theirs}/pause`],
		['PUT', `/queues/${theirs}/limit`, { max_running: 1 }],
		['PUT', '/task-types/echo/limit', { max_running: 1 }],
		['PUT', '/pools/scoped', { capacity: 1 }],
		['PUT', '/concurrency-keys/scoped', { max_running: 1 }],
		['POST', `/workers/${worker}/drain`],
		['PATCH', `/workers/${worker}/capacity`, { cpu_units: 1 }],
		['GET', `/workers/${worker}/preview`],
		['POST', '/simulations', {}],
	]
	for (const [method, path, body] of refused) isProblem(t, await send(method, path, body), 403, 'forbidden')
	isProblem(t, await send('POST', `/dead-letters/${foreign.id}/retries`), 404, 'not_found')
	isProblem(t, await send('DELETE', `/dead-letters/${foreign.id}`), 404, 'not_found')
	t.deepEqual((await send('POST', '/dead-letters/retries', {})).body, { retried: 1 })
	t.is((await db.row('select status from taskq.jobs where job_id = $1', [foreign.id])).status, 'failed')
})

test.serial('a workflow is seen and steered by a key for the queues of all its jobs', async (t) => {
	const { mine, theirs, headers } = await makeScene('flows')
	const start = async (name: string, ...queues: string[]) => {
		const jobs = queues.map((queue, n) => ({ type: 'echo', name: `j${n}`, queue }))
		const { body } = await api.post('/jobs/batch', { workflow: { name }, jobs })
		return body.workflow_id ?? body.workflow?.id
	}
	const [own, mixed] = [await start('own', mine, mine), await start('mixed', mine, theirs)]

	const seen = (await api.get('/workflows', headers)).body.workflows.map(
		({ id, workflow_id = id }: { id?: string; workflow_id?: string }) => workflow_id,
	)
	t.deepEqual(seen, [own])
	for (const path of ['', '/graph']) {
		t.is((await api.get(`/workflows/${own}${path}`, headers)).status, 200)
		isProblem(t, await api.get(`/workflows/${mixed}${path}`, headers), 404, 'not_found')
	}
	isProblem(t, await api.send('PATCH', `/workflows/${mixed}/cancel`, {}, headers), 404, 'not_found')
	isProblem(t, await api.post(`/workflows/${mixed}/retries`, {}, headers), 404, 'not_found')
	t.is((await api.send('PATCH', `/workflows/${own}/cancel`, {}, headers)).status, 200)
})

test.serial('its WebSocket is told of these alone, live and from the past', async (t) => {
	const { mine, theirs, headers } = await makeScene('streams', 'taskq_reader')
	const streams = await Promise.all(['?topics=job,queue', '?topics=job,queue&since=0'].map((query) => openStream(api.url, query, headers)))

	await api.submit({ queue: theirs })
	await api.send('PUT', `/queues/${theirs}/pause`)
	await api.send('DELETE', `/queues/${theirs}/pause`)
	const { id } = await api.submit({ queue: mine })
	for (const { find, messages } of streams) {
		await find(({ job_id }) => job_id === id)
		await find(({ event }) => event === 'snapshot')
		t.false(JSON.stringify(messages).includes(theirs), JSON.stringify(messages))
	}

	streams[0]!.send({ action: 'subscribe', filters: { topics: ['resource'] } })
	await streams[0]!.find(({ type, code }) => type === 'error' && code === 'forbidden')
	const refused = await openStream(api.url, '?topics=workflow', headers)
	t.is((await refused.closed).code, 1008)
	for (const { ws } of streams) ws.terminate()
})
