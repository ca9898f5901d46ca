import test from 'ava'
import { claim, registerWorker } from '../support/db.ts'
import { makeAsk } from './graphql-support.ts'
import { type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

const ask = makeAsk(api)

const SUBMIT = `mutation ($input: SubmitJobInput!) { submitJob(input: $input) { submitted { jobId status created warnings } } }`

test('a job is submitted and read', async (t) => {
	const input = {
		type: 'echo',
		payload: { message: 'hi' },
		priority: 'high',
		cpuUnits: 0.5,
		maxAttempts: 7,
		metadata: { a: 1 },
		name: 'by graphql',
	}

	const { data, errors } = await ask(SUBMIT, { input })
	const { submitted } = data.submitJob
	const { data: read } = await ask(
		`query ($id: UUID!) { job(jobId: $id) { type status priority payload cpuUnits maxAttempts metadata name } explainJob(jobId: $id) { code } }`,
		{ id: submitted.jobId },
	)

	t.is(errors, undefined)
	t.like(submitted, { status: 'ready', created: true, warnings: [] })
	t.deepEqual(read.job, {
		...{ type: 'echo', status: 'ready', priority: 2, payload: { message: 'hi' }, cpuUnits: '0.500', maxAttempts: 7 },
		...{ metadata: { a: 1 }, name: 'by graphql' },
	})
	t.deepEqual(read.explainJob.map(({ code }: Json) => code).length, 1)
})

test('jobs are listed by filters, page by page, with what happened to each', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['graphql'] })
	const submitted = [await api.submit({ queue: 'graphql' }), await api.submit({ queue: 'graphql' }), await api.submit({ queue: 'graphql' })]
	const { claim_id, jobs } = await claim(db, worker)
	const logs = [{ level: 'info' as const, message: 'done', age_seconds: 0 }]
	await claim(db, worker, 0, [{ claim_id: claim_id!, job_id: jobs[0]!.job_id, outcome: 'completed', result: 1, logs }])
	const query = `query ($before: UUID, $status: [JobStatus]) {
		countJobs(queue: "graphql")
		listJobs(queue: "graphql", status: $status, maxRows: 2, before: $before) {
			jobId executions { nodes { attempt outcome workerId } } logs { totalCount nodes { message level } }
		}
	}`

	const first = (await ask(query)).data
	const second = (await ask(query, { before: first.listJobs[1].jobId })).data
	const completed = (await ask(query, { status: ['completed'] })).data.listJobs

	t.is(first.countJobs, '3')
	t.deepEqual(
		[...first.listJobs, ...second.listJobs].map(({ jobId }) => jobId),
		submitted.map(({ id }) => id).toReversed(),
	)
	t.is(completed.length, 1)
	t.deepEqual(completed[0].executions.nodes, [{ attempt: 1, outcome: 'completed', workerId: worker }])
	t.deepEqual(completed[0].logs, { totalCount: 1, nodes: [{ message: 'done', level: 'info' }] })
})

test('queues, workers, task types and dead letters are read', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['graphql-failing'] })
	const { id } = await api.submit({ queue: 'graphql-failing' })
	const { claim_id } = await claim(db, worker)
	await claim(db, worker, 0, [{ claim_id: claim_id!, job_id: id, outcome: 'failed', fatal: true, error: { name: 'Error', message: 'no' } }])

	const { data } = await ask(
		`query ($id: UUID!, $worker: UUID!) {
		queues { nodes { queue readyCount } } queue(queue: "graphql-failing") { queue }
		worker(workerId: $worker) { status cpuUnits } workers { nodes { workerId } }
		taskTypes { nodes { type payloadSchema } }
		deadLetter(jobId: $id) { type error reason } deadLetters { nodes { jobId } }
	}`,
		{ id, worker },
	)

	t.true(data.queues.nodes.some(({ queue }: Json) => queue === 'graphql-failing'))
	t.is(data.worker.status, 'active')
	t.true(data.taskTypes.nodes.some(({ type, payloadSchema }: Json) => type === 'sleep' && payloadSchema.type === 'object'))
	t.like(data.deadLetter, { type: 'echo', reason: 'fatal', error: { message: 'no' } })
	t.true(data.deadLetters.nodes.some(({ jobId }: Json) => jobId === id))
})

test('an idempotency key works as it does elsewhere', async (t) => {
	const input = { type: 'echo', payload: { n: 1 }, idempotencyKey: 'graphql' }

	const first = (await ask(SUBMIT, { input })).data.submitJob.submitted
	const again = (await ask(SUBMIT, { input })).data.submitJob.submitted
	const { errors } = await ask(SUBMIT, { input: { ...input, payload: { n: 2 } } })

	t.like(again, { jobId: first.jobId, created: false })
	t.like(errors[0].extensions, { code: 'idempotency_conflict', job_id: first.jobId })
})
