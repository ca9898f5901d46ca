import test from 'ava'
import { claim, registerWorker, statusOf } from '../support/db.ts'
import { makeAsk, makeKey } from './graphql-support.ts'
import { type Json, useServer } from './support.ts'

const { db, api } = useServer(test)
const ask = makeAsk(api)

async function fail(queue: string): Promise<string> {
	const worker = await registerWorker(db, { types: ['echo'], queues: [queue] })
	const { id } = await api.submit({ queue })
	const { claim_id } = await claim(db, worker)
	await claim(db, worker, 0, [{ claim_id: claim_id!, job_id: id, outcome: 'failed', fatal: true, error: { name: 'E', message: 'x' } }])
	return id
}

test('dead letters are retried and discarded, one by one and many at once', async (t) => {
	const [retried, again, discarded, gone] = [await fail('m1'), await fail('m2'), await fail('m3'), await fail('m4')]

	const { data, errors } = await ask(
		`mutation ($retried: UUID!, $discarded: UUID!) {
			retryJob(input: { jobId: $retried }) { status }
			retryDeadLetters(input: { queue: "m2" }) { retried }
			discardJob(input: { jobId: $discarded }) { clientMutationId }
			discardDeadLetters(input: { queue: "m4" }) { discarded }
		}`,
		{ retried, discarded },
	)

	t.is(errors, undefined, JSON.stringify(errors))
	t.deepEqual(data, {
		retryJob: { status: 'ready' },
		retryDeadLetters: { retried: 1 },
		discardJob: { clientMutationId: null },
		discardDeadLetters: { discarded: 1 },
	})
	t.deepEqual(await Promise.all([retried, again, discarded, gone].map((id) => statusOf(db, id!))), ['ready', 'ready', null, null] as Json)
})

test('queues are paused, resumed and aged', async (t) => {
	await api.submit({ queue: 'steered' })
	const paused = async () => (await ask('{ queue(queue: "steered") { pausedAt agingSeconds } }')).data.queue

	await ask(
		'mutation { pauseQueue(input: { queue: "steered" }) { clientMutationId } setQueueAging(input: { queue: "steered", agingSeconds: 60 }) { clientMutationId } }',
	)
	const before = await paused()
	await ask('mutation { resumeQueue(input: { queue: "steered" }) { clientMutationId } }')
	const after = await paused()

	t.is(typeof before.pausedAt, 'string')
	t.deepEqual(after, { pausedAt: null, agingSeconds: 60 })
})

test('a priority is a level, a text or a number, and one of them', async (t) => {
	const submit = async (priority: string) => {
		const { data, errors } = await ask(`mutation { submitJob(input: { type: "echo", ${priority} }) { submitted { jobId } } }`)
		if (errors) return errors[0].extensions
		const { jobId } = data.submitJob.submitted
		return (await ask(`{ job(jobId: "${jobId}") { priority priorityLevel } }`)).data.job
	}

	t.deepEqual(await submit('priorityLevel: high'), { priority: 2, priorityLevel: 'high' })
	t.deepEqual(await submit('priority: "critical"'), { priority: 1, priorityLevel: 'critical' })
	t.deepEqual(await submit('priority: "9"'), { priority: 9, priorityLevel: null })
	t.like(await submit('priority: "9", priorityLevel: low'), { code: 'invalid_request', field: 'priorityLevel' })
	t.like(await submit('priorityLevel: urgent'), { code: 'invalid_request' })
})

test('each of many jobs is answered for itself, and nobody says who else created it', async (t) => {
	const client = await makeKey(db, 'taskq_client')
	const mutation = `mutation ($requests: [JobRequestInput!]!) { submitEach(input: { requests: $requests }) { submitted { position jobId status error } } }`

	const { data } = await ask(mutation, { requests: [{ type: 'echo' }, { type: 'nope' }] }, client)
	const refused = await ask(mutation, { requests: [{ type: 'echo', createdBy: 'somebody' }] }, client)

	t.like(data.submitEach.submitted, [
		{ position: 0, status: 'ready', error: null },
		{ position: 1, jobId: null, error: { code: 'TQ421' } },
	])
	t.is(refused.errors[0].extensions.code, 'invalid_request')
})

test('a job of many has every field that a single one has', async (t) => {
	const given = {
		...{ type: 'echo', name: 'all', queue: 'many', payload: { message: 'hi' }, metadata: { customer: 'acme' }, priorityLevel: 'low' },
		...{
			runAt: '2999-01-01T00:00:00Z',
			cpuUnits: 0.5,
			memoryMb: 64,
			resources: { 'graphql-gpu': 2 },
			timeoutSeconds: 7,
			expectedSeconds: 1.5,
		},
		...{ retryConfig: { maxAttempts: 4, initialDelaySeconds: 2, backoffMultiplier: 3, maxDelaySeconds: 60, jitter: 0 } },
		...{ idempotencyKey: 'graphql-all', concurrencyKey: 'graphql', concurrencyLimit: 3, onDependencyFailure: 'hold' },
		traceContext: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
	}
	await db.query(`select taskq.set_pool('graphql-gpu', 4)`)
	const mutation = 'mutation ($jobs: [JobRequestInput!]!) { submitJobs(input: { jobs: $jobs }) { submitted { jobId created } } }'

	const { data, errors } = await ask(mutation, { jobs: [given] })
	const again = await ask(mutation, { jobs: [given] })

	t.is(errors, undefined, JSON.stringify(errors))
	const [{ jobId }] = data.submitJobs.submitted
	t.deepEqual(again.data.submitJobs.submitted, [{ jobId, created: false }])
	const row = await db.row('select *, run_at::text from taskq.jobs where job_id = $1', [jobId])
	t.like(row, {
		...{ type: 'echo', name: 'all', queue: 'many', payload: { message: 'hi' }, metadata: { customer: 'acme' }, priority: 4 },
		...{
			cpu_units: 0.5,
			memory_mb: 64,
			resources: { 'graphql-gpu': 2 },
			timeout_seconds: 7,
			expected_seconds: 1.5,
			trace_context: given.traceContext,
		},
		...{ max_attempts: 4, initial_delay_seconds: 2, backoff_multiplier: 3, max_delay_seconds: 60, jitter: 0, status: 'pending' },
		...{ idempotency_key: 'graphql-all', concurrency_key: 'graphql', on_dependency_failure: 'hold' },
	})
	t.true(row.run_at.startsWith('2999-01-01'))
})

test('what only administrators may do, operators may not', async (t) => {
	const admin = await makeKey(db, 'taskq_admin')
	const configure = 'mutation { configure(input: { reserveAfterSeconds: 77 }) { settings } }'
	const create = 'mutation { createApiKey(input: { name: "g", role: "taskq_reader" }) { apiKey } }'

	const refused = [await ask(configure), await ask(create)]
	const settings = await ask(configure, {}, admin)
	const key = await ask(create, {}, admin)
	const Authorization = `Bearer ${key.data.createApiKey.apiKey}`
	const works = await ask('{ countJobs(queue: "none") }', {}, { Authorization })
	const revoked = await ask(
		'mutation ($id: String!) { revokeApiKey(input: { keyId: $id }) { clientMutationId } }',
		{ id: Authorization.split('_')[1] },
		admin,
	)

	for (const { errors } of refused) t.is(errors[0].extensions.code, 'forbidden')
	t.is(settings.data.configure.settings.reserve_after_seconds, 77)
	t.is(works.data.countJobs, '0')
	t.is(revoked.errors, undefined)
})
