import test from 'ava'
import { statusOf } from '../support/db.ts'
import { isProblem, type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

const job = (name: string, ...depends_on: unknown[]) => ({ name, type: 'echo', depends_on })
const idsByName = ({ jobs }: Json): Record<string, string> => Object.fromEntries(jobs.map(({ name, id }: Json) => [name, id]))

test('a graph is stored whole, and answered with its workflow and the place of each job', async (t) => {
	const outside = await api.submit()
	const body = {
		workflow: { name: 'nightly', metadata: { region: 'eu' } },
		jobs: [
			{ ...job('report', 'load', { job: outside.id, condition: 'finished' }), on_dependency_failure: 'hold' },
			job('load', 'extract'),
			job('extract'),
			job('notify', { job: 'load', condition: 'failure' }),
		],
	}

	const answer = await api.post('/jobs/batch', body)
	const ids = idsByName(answer.body)

	t.is(answer.status, 201)
	t.is(answer.headers.get('location'), `/workflows/${answer.body.workflow_id}`)
	t.deepEqual(
		answer.body.jobs.map(({ id, ...rest }: Json) => rest),
		[
			{ name: 'report', status: 'blocked', created: true, warnings: [] },
			{ name: 'load', status: 'blocked', created: true, warnings: [] },
			{ name: 'extract', status: 'ready', created: true, warnings: [] },
			{ name: 'notify', status: 'blocked', created: true, warnings: [] },
		],
	)
	const { body: report } = await api.get(`/jobs/${ids.report}`)
	t.like(report, { name: 'report', workflow_id: answer.body.workflow_id, on_dependency_failure: 'hold' })
	t.deepEqual(report.depends_on, [{ job: outside.id, condition: 'finished' }, ids.load])
	t.deepEqual((await api.get(`/jobs/${ids.notify}`)).body.depends_on, [{ job: ids.load, condition: 'failure' }])
})

test('a graph without a workflow has none', async (t) => {
	const { status, headers, body } = await api.post('/jobs/batch', { jobs: [job('a'), job('b', 'a')] })

	t.is(status, 201)
	t.is(headers.get('location'), null)
	t.is(body.workflow_id, null)
	t.is((await api.get(`/jobs/${body.jobs[1].id}`)).body.workflow_id, null)
})

test('jobs of a batch have the aliases of single ones', async (t) => {
	const jobs = [{ job_type: 'sleep', payload: '{"duration": 1}', max_retries: 2, priority: 'high' }]

	const { body } = await api.post('/jobs/batch', { jobs })

	const stored = (await api.get(`/jobs/${body.jobs[0].id}`)).body
	t.like(stored, { type: 'sleep', payload: { duration: 1 }, priority: 'high', retry_config: { max_attempts: 3 } })
})

test('a repeated batch is answered with the first one and 200, and another under its key conflicts', async (t) => {
	const body = { workflow: { name: 'once', idempotency_key: 'batch-1' }, jobs: [job('a'), job('b', 'a')] }
	const first = await api.post('/jobs/batch', body)

	const second = await api.post('/jobs/batch', body)
	const other = await api.post('/jobs/batch', { ...body, jobs: [job('a')] })

	t.is(second.status, 200)
	t.is(second.body.workflow_id, first.body.workflow_id)
	t.is(second.headers.get('location'), first.headers.get('location'))
	t.deepEqual(idsByName(second.body), idsByName(first.body))
	t.true(second.body.jobs.every(({ created }: Json) => created === false))
	isProblem(t, other, 409, 'idempotency_conflict', { field: 'workflow.idempotency_key', workflow_id: first.body.workflow_id })
	t.is(other.body.job_id, undefined)
})

test('jobs of a batch have idempotency keys of their own', async (t) => {
	const first = await api.submit({ name: 'a', idempotency_key: 'batch-job' })
	const known = { name: 'a', type: 'echo', idempotency_key: 'batch-job' }

	const mixed = await api.post('/jobs/batch', { jobs: [known, job('b', 'a')] })
	const allKnown = await api.post('/jobs/batch', { jobs: [known] })
	const conflict = await api.post('/jobs/batch', { jobs: [job('c'), { ...known, priority: 'low' }] })

	t.is(mixed.status, 201)
	t.like(mixed.body.jobs[0], { id: first.id, created: false })
	t.deepEqual((await api.get(`/jobs/${mixed.body.jobs[1].id}`)).body.depends_on, [first.id])
	t.is(allKnown.status, 200)
	isProblem(t, conflict, 409, 'idempotency_conflict', { field: 'jobs[1].idempotency_key', job_id: first.id })
})

test('whoever has a key is named as who created the jobs, and cannot give another name', async (t) => {
	const { api_key } = await db.row("select taskq.create_api_key('nightly-ci', 'taskq_client') as api_key")
	const headers = { Authorization: `Bearer ${api_key}` }

	const { body } = await api.post('/jobs/batch', { jobs: [job('a')] }, headers)
	const forged = await api.post('/jobs/batch', { jobs: [job('a'), { ...job('b'), created_by: 'someone' }] }, headers)

	t.is((await api.get(`/jobs/${body.jobs[0].id}`)).body.created_by, 'nightly-ci')
	isProblem(t, forged, 422, 'invalid_request', { field: 'jobs[1].created_by' })
})

test('roles that may not submit are refused, and no large body is read from someone unknown', async (t) => {
	const { api_key } = await db.row("select taskq.create_api_key('batch-reader', 'taskq_reader') as api_key")
	const large = JSON.stringify({ jobs: [], x: 'x'.repeat(17 * 2 ** 20) })

	isProblem(t, await api.post('/jobs/batch', { jobs: [job('a')] }, { Authorization: `Bearer ${api_key}` }), 403, 'forbidden')
	isProblem(t, await api.post('/jobs/batch', large, { Authorization: 'Bearer taskq_a_b' }), 401, 'unauthenticated')
})

test('a job that can never run is cancelled at once, with what depends on it', async (t) => {
	const gone = await api.submit()
	await api.send('PATCH', `/jobs/${gone.id}/cancel`)

	const { body } = await api.post('/jobs/batch', { jobs: [job('a', gone.id), job('b', 'a')] })

	t.deepEqual(
		body.jobs.map(({ status }: Json) => status),
		['cancelled', 'cancelled'],
	)
	t.is(await statusOf(db, body.jobs[1].id), 'cancelled')
})

test('a body of more than 2 MiB, with 10,000 jobs and 99,000 edges, is stored in one call', async (t) => {
	const name = (layer: number, n: number) => `a job of layer ${layer}, number ${n % 100}`
	const jobs = Array.from({ length: 10_000 }, (_, i) => {
		const layer = Math.floor(i / 100)
		return job(name(layer, i), ...(layer === 0 ? [] : Array.from({ length: 10 }, (_, n) => name(layer - 1, i + n))))
	})

	const body = JSON.stringify({ workflow: { name: 'layers' }, jobs })
	const answer = await api.post('/jobs/batch', body)
	const { body: last } = await api.get(`/jobs/${answer.body.jobs.at(-1).id}`)

	t.true(body.length > 2 * 2 ** 20)
	t.is(answer.status, 201)
	t.is(answer.body.jobs.length, 10_000)
	t.is(last.depends_on.length, 10)
})
