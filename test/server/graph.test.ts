import test from 'ava'
import { claim, registerWorker } from '../support/db.ts'
import { isProblem, type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

interface Started {
	id: string
	ids: Record<string, string>
}

/** Submits a workflow: `b` and `c` wait for `a`, and `d` for both, for the end of `c`. Runs `a` in a queue of that name. */
async function startDiamond(queue: string): Promise<Started> {
	const job = (name: string, ...depends_on: unknown[]) => ({ name, type: 'echo', queue, depends_on })
	const jobs = [job('a'), job('b', 'a'), job('c', 'a'), job('d', 'b', { job: 'c', condition: 'finished' })]
	const { body } = await api.post('/jobs/batch', { workflow: { name: queue }, jobs })
	const worker = await registerWorker(db, { types: ['echo'], queues: [queue] })
	const { claim_id, jobs: claimed } = await claim(db, worker)
	await claim(db, worker, 0, [{ claim_id: claim_id!, job_id: claimed[0]!.job_id, outcome: 'completed', result: 1 }])
	return { id: body.workflow_id, ids: Object.fromEntries(body.jobs.map(({ name, id }: Json) => [name, id])) }
}

async function text(path: string, accept = '*/*'): Promise<{ type: string | null; vary: string | null; body: string }> {
	const response = await fetch(api.url + path, { headers: { Accept: accept } })
	return { type: response.headers.get('content-type'), vary: response.headers.get('vary'), body: await response.text() }
}

test('the graph of a workflow has its jobs and what leads from one to the next', async (t) => {
	const { id, ids } = await startDiamond('diamond')

	const { status, body } = await api.get(`/workflows/${id}/graph`)

	t.is(status, 200)
	t.deepEqual(body.workflow, (await api.get(`/workflows/${id}`)).body)
	t.deepEqual(
		body.nodes.map(({ id, name, status }: Json) => [id, name, status]),
		[
			[ids.a, 'a', 'completed'],
			[ids.b, 'b', 'ready'],
			[ids.c, 'c', 'ready'],
			[ids.d, 'd', 'blocked'],
		],
	)
	t.regex(body.nodes[0].started_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
	t.regex(body.nodes[0].finished_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
	t.like(body.nodes[1], { started_at: null, finished_at: null })
	t.deepEqual(body.edges, [
		{ from: ids.a, to: ids.b, condition: 'success', satisfied: true },
		{ from: ids.a, to: ids.c, condition: 'success', satisfied: true },
		{ from: ids.b, to: ids.d, condition: 'success', satisfied: false },
		{ from: ids.c, to: ids.d, condition: 'finished', satisfied: false },
	])
})

test("a job's graph is what it depends on and what depends on it", async (t) => {
	const { ids } = await startDiamond('around')

	const { body } = await api.get(`/jobs/${ids.b}/graph`)
	const alone = await api.submit()

	t.deepEqual(body.nodes.map(({ name }: Json) => name).toSorted(), ['a', 'b', 'd'])
	t.deepEqual(
		body.edges.map(({ from, to }: Json) => [from, to]),
		[
			[ids.a, ids.b],
			[ids.b, ids.d],
		],
	)
	const { body: single } = await api.get(`/jobs/${alone.id}/graph`)
	t.is(single.nodes.length, 1)
	t.deepEqual(single.edges, [])
})

test('a graph is drawn as Mermaid text for those who ask for it', async (t) => {
	const { id, ids } = await startDiamond('drawn')
	const expected: [path: string, accept: string, type: string][] = [
		['?format=mermaid', '*/*', 'text/vnd.mermaid; charset=utf-8'],
		['?format=mermaid', 'text/plain', 'text/plain; charset=utf-8'],
		['?format=mermaid', 'application/json', 'text/vnd.mermaid; charset=utf-8'],
		['', 'text/vnd.mermaid', 'text/vnd.mermaid; charset=utf-8'],
		['', 'text/plain', 'text/plain; charset=utf-8'],
		['', 'application/json;q=0.5, text/plain', 'text/plain; charset=utf-8'],
		['', '*/*', 'application/json; charset=utf-8'],
		['', 'text/html,application/xhtml+xml,*/*;q=0.8', 'application/json; charset=utf-8'],
		['', 'image/png', 'application/json; charset=utf-8'],
		['?format=json', 'text/vnd.mermaid', 'application/json; charset=utf-8'],
	]

	for (const [query, accept, type] of expected)
		for (const path of [`/workflows/${id}/graph`, `/jobs/${ids.b}/graph`]) {
			const answer = await text(path + query, accept)

			t.is(answer.type, type, `${query} ${accept}`)
			t.is(answer.vary, 'Accept')
			t.is(answer.body.startsWith('flowchart TD\n'), !type.includes('json'))
		}
	const { body } = await text(`/workflows/${id}/graph?format=mermaid`)
	t.true(body.includes('n0["a"]:::completed'))
	t.true(body.includes('n2 -. finished .-> n3'))
})

test('the id of a job is none of a workflow, nor the other way round', async (t) => {
	const { id, ids } = await startDiamond('mixed-up')

	for (const path of [`/workflows/${ids.a}/graph`, `/jobs/${id}/graph`, `/workflows/${ids.a}`, `/jobs/${id}/graph?format=mermaid`])
		isProblem(t, await api.get(path), 404, 'not_found')
	isProblem(t, await api.get(`/workflows/${id}/graph?format=svg`), 422, 'invalid_request', { field: 'format' })
	isProblem(t, await api.get(`/jobs/${ids.a}/graph?depth=2`), 422, 'invalid_request', { field: 'depth' })
})

test('what a job waits for and what waits for it are listed', async (t) => {
	const { ids } = await startDiamond('listed')

	const { body: of_a } = await api.get(`/jobs/${ids.a}/dependencies`)
	const { body: of_d } = await api.get(`/jobs/${ids.d}/dependencies`)

	t.deepEqual(of_a, {
		depends_on: [],
		dependents: [
			{ id: ids.b, name: 'b', status: 'ready', condition: 'success', satisfied: true },
			{ id: ids.c, name: 'c', status: 'ready', condition: 'success', satisfied: true },
		],
		truncated: { depends_on: false, dependents: false },
	})
	t.deepEqual(of_d.depends_on, [
		{ id: ids.b, name: 'b', status: 'ready', condition: 'success', satisfied: false },
		{ id: ids.c, name: 'c', status: 'ready', condition: 'finished', satisfied: false },
	])
	t.deepEqual(of_d.dependents, [])
})

test('lists of dependencies are bounded, and say so', async (t) => {
	const { ids } = await startDiamond('bounded')

	const one = (await api.get(`/jobs/${ids.a}/dependencies?limit=1`)).body
	const exact = (await api.get(`/jobs/${ids.d}/dependencies?limit=2`)).body

	t.is(one.dependents.length, 1)
	t.deepEqual(one.truncated, { depends_on: false, dependents: true })
	t.is(exact.depends_on.length, 2)
	t.deepEqual(exact.truncated, { depends_on: false, dependents: false })
	isProblem(t, await api.get(`/jobs/${ids.a}/dependencies?limit=10001`), 422, 'invalid_request', { field: 'limit' })
	isProblem(t, await api.get(`/jobs/${ids.a}/dependencies?color=red`), 422, 'invalid_request', { field: 'color' })
})

test('a job that has no dependencies lists none, and one that has been deleted is shown without its status', async (t) => {
	const gone = await api.submit({ queue: 'gone' })
	const child = await api.submit({ depends_on: [{ job: gone.id, condition: 'finished' }] })
	const alone = await api.submit()
	await api.send('PATCH', `/jobs/${gone.id}/cancel`)
	await db.query('select taskq_private.delete_jobs(array[$1::uuid])', [gone.id])

	const { body } = await api.get(`/jobs/${child.id}/dependencies`)

	t.deepEqual((await api.get(`/jobs/${alone.id}/dependencies`)).body.depends_on, [])
	t.deepEqual(body.depends_on, [{ id: gone.id, name: null, status: null, condition: 'finished', satisfied: true }])
})

test('a dependency is added for a failure or an end, and an edge keeps its condition', async (t) => {
	const [child, parent] = [await api.submit(), await api.submit()]
	const path = `/jobs/${child.id}/dependencies`

	const { status, body } = await api.post(path, { depends_on: parent.id, condition: 'failure' })
	const again = await api.post(path, { depends_on: parent.id, condition: 'failure' })
	const other = await api.post(path, { depends_on: parent.id, condition: 'finished' })

	t.is(status, 201)
	t.deepEqual(body, { id: child.id, status: 'blocked', depends_on: parent.id, condition: 'failure' })
	t.is(again.status, 201)
	isProblem(t, other, 409, 'invalid_state')
	isProblem(t, await api.post(path, { depends_on: parent.id, condition: 'maybe' }), 422, 'invalid_request', { field: 'condition' })
	t.deepEqual((await api.get(`/jobs/${child.id}`)).body.depends_on, [{ job: parent.id, condition: 'failure' }])
})

test('a single job asks for conditions too, and shows them as it asked', async (t) => {
	const [one, other] = [await api.submit(), await api.submit()]
	const depends_on = [{ job: other.id, condition: 'finished' }, one.id]

	const { body } = await api.post('/jobs', { type: 'echo', depends_on, on_dependency_failure: 'hold' })
	const usual = await api.submit({ depends_on: [{ job: one.id, condition: 'success' }, one.id] })

	t.deepEqual(body.depends_on, [one.id, { job: other.id, condition: 'finished' }])
	t.is(body.on_dependency_failure, 'hold')
	t.deepEqual(usual.depends_on, [one.id])
	t.is(usual.on_dependency_failure, 'cancel')
	const { created, warnings, ...job } = body
	t.deepEqual((await api.get(`/jobs/${body.id}`)).body, job)
})
