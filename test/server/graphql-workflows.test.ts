import test from 'ava'
import { claim, registerWorker, statusOf } from '../support/db.ts'
import { makeAsk } from './graphql-support.ts'
import { type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

const ask = makeAsk(api)

const SUBMIT = `mutation ($workflow: WorkflowRequestInput, $jobs: [JobRequestInput!]!) {
	submitJobs(input: { workflow: $workflow, jobs: $jobs }) { submitted { position name jobId status created warnings workflowId } }
}`

const job = (name: string, ...parents: (string | Json)[]) => ({
	...{ name, type: 'echo' },
	dependsOn: parents.map((parent) => (typeof parent === 'string' ? { job: parent } : parent)),
})

/** Submits a workflow in which `b` waits for `a`, and `c` for the end of `b`. */
async function startChain(name: string): Promise<{ id: string; a: string; b: string; c: string }> {
	const jobs = [job('a'), job('b', 'a'), job('c', { job: 'b', condition: 'finished' })]
	const { data, errors } = await ask(SUBMIT, { workflow: { name }, jobs })
	if (errors) throw new Error(JSON.stringify(errors))
	const [a, b, c] = data.submitJobs.submitted.map(({ jobId }: Json) => jobId)
	return { id: data.submitJobs.submitted[0].workflowId, a, b, c }
}

test('a graph is submitted as a workflow or as a list, and read with its workflow', async (t) => {
	const { id, a, b, c } = await startChain('by graphql')

	const { data: list } = await ask(SUBMIT, { jobs: [job('x'), job('y', 'x')] })
	const { data, errors } = await ask(
		`query ($id: UUID!, $b: UUID!) {
			workflow(workflowId: $id) { name status jobCount unfinishedCount skippedCount createdAt finishedAt metadata }
			job(jobId: $b) {
				workflowId onDependencyFailure workflow { workflowId }
				dependencies { totalCount nodes { dependsOnId condition satisfied } } dependents { nodes { jobId condition } }
			}
			listJobs(workflowId: $id) { jobId }
		}`,
		{ id, b },
	)

	t.like(list.submitJobs.submitted, [
		{ position: 0, name: 'x', status: 'ready', created: true, warnings: [], workflowId: null },
		{ position: 1, name: 'y', status: 'blocked' },
	])
	t.is(errors, undefined, JSON.stringify(errors))
	t.like(data.workflow, { name: 'by graphql', status: 'running', jobCount: 3, unfinishedCount: 3, skippedCount: 0, finishedAt: null })
	t.like(data.job, { workflowId: id, onDependencyFailure: 'cancel', workflow: { workflowId: id } })
	t.deepEqual(data.job.dependencies, { totalCount: 1, nodes: [{ dependsOnId: a, condition: 'success', satisfied: false }] })
	t.deepEqual(data.job.dependents.nodes, [{ jobId: c, condition: 'finished' }])
	t.is(data.listJobs.length, 3)
})

test('workflows are listed by name and status', async (t) => {
	const first = await startChain('listed by graphql')
	const second = await startChain('listed by graphql')
	const query = `query ($before: UUID, $status: [WorkflowStatus]) {
		listWorkflows(name: "listed by graphql", status: $status, before: $before, maxRows: 1) { workflowId }
	}`
	const list = async (variables: Json) => (await ask(query, variables)).data.listWorkflows.map(({ workflowId }: Json) => workflowId)

	t.deepEqual(await list({}), [second.id])
	t.deepEqual(await list({ before: second.id }), [first.id])
	t.deepEqual(await list({ status: ['failed'] }), [])
	t.is((await ask('{ listWorkflows(maxRows: 201) { name } }')).errors.length, 1)
})

test('graphs are read as JSON and as Mermaid text', async (t) => {
	const { id, a, b } = await startChain('drawn by graphql')

	const { data } = await ask('query ($id: UUID!) { jobGraph(id: $id) graphMermaid(id: $id) }', { id })

	t.deepEqual(
		data.jobGraph.nodes.map(({ name }: Json) => name),
		['a', 'b', 'c'],
	)
	t.like(data.jobGraph.edges[0], { from: a, to: b, condition: 'success' })
	t.regex(data.graphMermaid, /^flowchart TD\n/)
})

test('jobs and workflows are cancelled, retried, and made to wait', async (t) => {
	const { id, a, b } = await startChain('steered by graphql')
	const { id: other } = await api.submit()

	const added = await ask(
		`mutation ($a: UUID!, $other: UUID!) { addDependency(input: { jobId: $a, dependsOn: $other, condition: failure }) { status } }`,
		{ a, other },
	)
	const cancelled = await ask(`mutation ($a: UUID!) { cancelJob(input: { jobId: $a, reason: "not now" }) { status } }`, { a })
	const after = await statusOf(db, b)
	const retried = await ask(`mutation ($a: UUID!) { retryJob(input: { jobId: $a, withDependents: true }) { status } }`, { a })
	const revived = await statusOf(db, b)
	const ended = await ask(`mutation ($id: UUID!) { cancelWorkflow(input: { workflowId: $id, reason: "done" }) { status } }`, { id })

	t.is(added.data.addDependency.status, 'blocked')
	t.is(cancelled.data.cancelJob.status, 'cancelled')
	t.is(after, 'cancelled')
	t.is(retried.data.retryJob.status, 'blocked')
	t.is(revived, 'blocked')
	t.is(ended.data.cancelWorkflow.status, 'cancelled')
	t.is((await api.get(`/workflows/${id}`)).body.cancel_reason, 'done')
})

test('errors name the job, the members of a cycle, the workflow of a key, and the state', async (t) => {
	const { id } = await startChain('wrong')
	const workflow = { name: 'keyed', idempotencyKey: 'graphql-batch' }
	const { data } = await ask(SUBMIT, { workflow, jobs: [job('a')] })
	await ask(`mutation ($id: UUID!) { cancelWorkflow(input: { workflowId: $id }) { status } }`, { id })
	const cancelWorkflow = `mutation ($id: UUID!) { cancelWorkflow(input: { workflowId: $id }) { status } }`
	const expected: [query: string, variables: Json, extensions: Json][] = [
		[SUBMIT, { jobs: [job('a'), job('b', 'nowhere')] }, { code: 'unknown_dependency', field: 'jobs[1].depends_on' }],
		[SUBMIT, { jobs: [job('a', 'b'), job('b', 'a')] }, { code: 'dependency_cycle', members: ['a', 'b', 'a'] }],
		[SUBMIT, { jobs: [1] }, { code: 'invalid_request' }],
		[SUBMIT, { jobs: [job('a'), { ...job('b'), x: 1 }] }, { code: 'invalid_request' }],
		[SUBMIT, { jobs: [{ ...job('a'), priority: 2, priorityLevel: 'low' }] }, { code: 'invalid_request', field: 'priorityLevel' }],
		[SUBMIT, { jobs: [job('a'), { ...job('b'), priority: 11 }] }, { code: 'invalid_request', field: 'jobs[1].priority' }],
		[SUBMIT, { workflow, jobs: [] }, { code: 'invalid_request', field: 'jobs' }],
		[SUBMIT, { workflow, jobs: [job('b')] }, { code: 'idempotency_conflict', workflow_id: data.submitJobs.submitted[0].workflowId }],
		[cancelWorkflow, { id }, { code: 'invalid_state', state: 'cancelled' }],
		[cancelWorkflow, { id: '0190a0a0-0000-7000-8000-000000000000' }, { code: 'not_found' }],
	]

	for (const [query, variables, extensions] of expected) t.like((await ask(query, variables)).errors[0].extensions, extensions)
})

test('whoever has a key cannot submit in the name of another, and does what their role may', async (t) => {
	const makeKey = async (role: string) => ({
		Authorization: `Bearer ${(await db.row('select taskq.create_api_key($1, $2) as api_key', [`ci ${role}`, role])).api_key}`,
	})
	const [client, reader] = [await makeKey('taskq_client'), await makeKey('taskq_reader')]
	const forged = [job('a'), { ...job('b'), createdBy: 'someone' }]
	const { id } = await startChain('roles')
	const worker = await registerWorker(db, { types: ['echo'], queues: ['roles'] })
	const failed = await api.submit({ queue: 'roles' })
	const { claim_id } = await claim(db, worker)
	const error = { name: 'Error', message: 'no' }
	await claim(db, worker, 0, [{ claim_id: claim_id!, job_id: failed.id, outcome: 'failed', fatal: true, error }])
	const codeOf = ({ errors }: Json) => errors?.[0].extensions.code

	const own = await ask(SUBMIT, { jobs: [job('a')] }, client)

	t.like(await api.get(`/jobs/${own.data.submitJobs.submitted[0].jobId}`), { body: { created_by: 'postgres/ci taskq_client' } })
	t.is(codeOf(await ask(SUBMIT, { jobs: forged }, client)), 'invalid_request', 'no input has such a field')
	t.is(codeOf(await ask(SUBMIT, { jobs: [job('a')] }, reader)), 'forbidden')
	const cancel = 'mutation ($id: UUID!) { cancelWorkflow(input: { workflowId: $id }) { status } }'
	const retry = 'mutation ($id: UUID!) { retryJob(input: { jobId: $id }) { status } }'
	t.is(codeOf(await ask(cancel, { id }, reader)), 'forbidden')
	t.is(codeOf(await ask(retry, { id: failed.id }, client)), 'forbidden')
	t.is(codeOf(await ask(retry, { id: failed.id })), undefined)
})
