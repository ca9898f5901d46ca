import test from 'ava'
import { claim, registerWorker } from '../support/db.ts'
import { makeAsk, statements } from './graphql-support.ts'
import { type Json, useServer } from './support.ts'

const { db, api } = useServer(test)
const ask = async (query: string, variables?: Json): Promise<Json> => {
	const { data, errors } = await makeAsk(api)(query, variables)
	if (errors) throw new Error(JSON.stringify(errors))
	return data
}

const PAGE = `query ($first: PageSize! = 50, $after: Cursor, $filter: JobFilter, $orderBy: JobOrder! = CREATED_DESC) {
	jobs(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
		totalCount pageInfo { hasNextPage endCursor } edges { cursor node { jobId } } nodes { jobId }
	}
}`

/** The ids of all pages, in their order. */
async function allPages(variables: Json): Promise<string[]> {
	const ids: string[] = []
	for (let after: string | null = null; ; ) {
		const { jobs } = await ask(PAGE, { ...variables, after })
		ids.push(...jobs.nodes.map(({ jobId }: Json) => jobId))
		if (!jobs.pageInfo.hasNextPage) return ids
		after = jobs.pageInfo.endCursor
	}
}

test.serial('jobs are paged by cursors in either order', async (t) => {
	const ids: string[] = []
	for (let n = 0; n < 7; n++) ids.push((await api.submit({ queue: 'paged' })).id)
	const filter = { queue: ['paged'] }

	const newest = await allPages({ first: 3, filter })
	const oldest = await allPages({ first: 3, filter, orderBy: 'CREATED_ASC' })
	const exact = await ask(PAGE, { first: 7, filter })
	const middle = await ask(PAGE, { first: 2, filter, after: exact.jobs.edges[2].cursor })

	t.deepEqual(oldest, ids)
	t.deepEqual(newest, ids.toReversed())
	t.false(exact.jobs.pageInfo.hasNextPage)
	t.is(exact.jobs.totalCount, 7)
	t.deepEqual(
		middle.jobs.nodes.map(({ jobId }: Json) => jobId),
		newest.slice(3, 5),
	)
})

test.serial('each filter lets through what it names, in either order', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['filtered'] })
	const failed = await api.submit({ queue: 'filtered', priority: 'high' })
	const { claim_id } = await claim(db, worker)
	await claim(db, worker, 0, [
		{ claim_id: claim_id!, job_id: failed.id, outcome: 'failed', fatal: true, error: { name: 'E', message: 'x' } },
	])
	const later = await api.submit({ queue: 'filtered', run_at: '2040-01-01T00:00:00Z', metadata: { customer: 'acme', n: 1 } })
	const urgent = await api.submit({ queue: 'filtered', type: 'math', payload: { operation: 'add', a: 1, b: 2 }, priority: 7 })
	const { body } = await api.post('/jobs/batch', { workflow: { name: 'w' }, jobs: [{ type: 'echo', queue: 'filtered' }] })
	const [inWorkflow] = body.jobs
	const { created_at } = (await api.get(`/jobs/${urgent.id}`)).body
	const all = [failed, later, urgent, inWorkflow].map(({ id }) => id)
	const filters: [filter: Json, ids: string[]][] = [
		[{}, all],
		[{ status: ['failed'] }, [failed.id]],
		[{ status: ['failed', 'pending'] }, [failed.id, later.id]],
		[{ type: ['math'] }, [urgent.id]],
		[{ priority: [7] }, [urgent.id]],
		[{ priorityLevel: ['high'] }, [failed.id]],
		[{ priorityLevel: ['high'], priority: [7] }, [failed.id, urgent.id]],
		[{ createdFrom: created_at }, [urgent.id, inWorkflow.id]],
		[{ createdTo: created_at }, [failed.id, later.id]],
		[{ runAtFrom: '2039-01-01T00:00:00Z' }, [later.id]],
		[{ runAtTo: '2039-01-01T00:00:00Z' }, []],
		[{ metadata: { customer: 'acme' } }, [later.id]],
		[{ metadata: { customer: 'acme' }, status: ['failed'] }, []],
		[{ workflowId: body.workflow_id }, [inWorkflow.id]],
	]

	for (const [filter, ids] of filters) {
		const variables = { first: 2, filter: { queue: ['filtered'], ...filter } }

		t.deepEqual(await allPages({ ...variables, orderBy: 'CREATED_ASC' }), ids, JSON.stringify(filter))
		t.deepEqual(await allPages(variables), ids.toReversed(), JSON.stringify(filter))
		t.is((await ask(PAGE, variables)).jobs.totalCount, ids.length)
	}
})

test.serial('workflows are paged, each with its jobs; statistics say how many are where', async (t) => {
	const submit = (name: string) =>
		api.post('/jobs/batch', { workflow: { name }, jobs: [1, 2, 3].map(() => ({ type: 'echo', queue: 'counted' })) })
	const ids = [(await submit('many')).body.workflow_id, (await submit('many')).body.workflow_id]
	const query = `query ($after: Cursor) { workflows(name: "many", first: 1, after: $after) {
		pageInfo { hasNextPage endCursor } nodes { workflowId jobs(first: 2) { totalCount pageInfo { hasNextPage } nodes { workflowId } } }
	} }`

	const first = (await ask(query)).workflows
	const second = (await ask(query, { after: first.pageInfo.endCursor })).workflows
	const { jobStatistics } = await ask('{ jobStatistics(queue: ["counted"]) { queue type readyCount completedCount isExact } }')

	t.deepEqual(
		[...first.nodes, ...second.nodes].map(({ workflowId }) => workflowId),
		ids.toReversed(),
	)
	t.deepEqual([first.pageInfo.hasNextPage, second.pageInfo.hasNextPage], [true, false])
	t.like(first.nodes[0].jobs, { totalCount: 3, pageInfo: { hasNextPage: true }, nodes: [{ workflowId: ids[1] }, { workflowId: ids[1] }] })
	t.deepEqual(jobStatistics, [{ queue: 'counted', type: 'echo', readyCount: '6', completedCount: '0', isExact: true }])
})

test.serial('a page with all that belongs to its jobs costs as few statements as one of one job', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['related'], concurrency: 100 })
	const jobs = Array.from({ length: 50 }, (_, n) => ({
		name: `j${n}`,
		type: 'echo',
		queue: 'related',
		depends_on: n > 25 ? [`j${n - 26}`] : [],
	}))
	await api.post('/jobs/batch', { workflow: { name: 'related' }, jobs })
	const held = await claim(db, worker, 50)
	const logs = [{ level: 'info' as const, message: 'done', age_seconds: 0 }]
	const done = held.jobs.map(({ job_id }) => ({ claim_id: held.claim_id!, job_id, outcome: 'completed' as const, logs }))
	await claim(db, worker, 0, done)
	const query = (first: number) => `{ jobs(first: ${first}, filter: { queue: ["related"] }) { nodes {
		executions(first: 10) { nodes { outcome worker { name } } } logs(first: 10) { nodes { message } }
		dependencies(first: 10) { nodes { condition dependsOn { name status } } } dependents(first: 10) { nodes { job { name status } } }
		workflow { name } worker { name }
	} } }`
	const costOf = async (first: number) => {
		await ask(query(first)) // so that connections are made
		statements.length = 0
		const { jobs } = await ask(query(first))
		const sent = [...statements]
		return { sent: sent.filter((text) => /from/i.test(text)).length, all: sent.length, nodes: jobs.nodes }
	}

	const one = await costOf(1)
	const many = await costOf(50)

	t.is(many.nodes.length, 50)
	t.true(many.nodes.some(({ dependencies }: Json) => dependencies.nodes[0]?.dependsOn.status === 'completed'))
	t.true(many.nodes.some(({ dependents, logs }: Json) => dependents.nodes[0]?.job.name && logs.nodes[0]?.message === 'done'))
	t.true(many.nodes.some(({ executions }: Json) => executions.nodes[0]?.worker.name === 'test'))
	t.true(many.nodes.every(({ workflow }: Json) => workflow.name === 'related'))
	t.log(`${many.sent} statements, ${many.all} with those of their transactions`)
	t.true(one.sent > 0 && many.sent <= one.sent + 1, `${one.sent} statements for one job, ${many.sent} for fifty`)
	t.true(many.sent <= 6, `${many.sent} statements`)
})
