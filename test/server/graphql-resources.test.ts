import test from 'ava'
import { claim, registerWorker } from '../support/db.ts'
import { makeAsk } from './graphql-support.ts'
import { type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

const ask = makeAsk(api)

test('a job takes from pools and from what its worker has, and why, preview and simulation tell', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['graphql'], resources: { gpu: 2 } })
	const made = await ask('mutation { setPool(input: {pool: "stripe_api", capacity: "1"}) { clientMutationId } }')
	const submit = `mutation { submitJob(input: {type: "echo", queue: "graphql", cpuUnits: "1", resources: {gpu: 1, stripe_api: 1},
		concurrencyKey: "acme", concurrencyLimit: 2, expectedSeconds: "5"}) { submitted { jobId } } }`
	const [first, second] = [await ask(submit), await ask(submit)].map(({ data }) => data.submitJob.submitted.jobId)
	const query = `query ($worker: UUID!, $second: UUID!) {
		listPools { pool capacity granted free }
		concurrencyKey(concurrencyKey: "acme") { maxRunning admittedCount parkedCount }
		claimPreview(workerId: $worker) { place jobId queue cpuUnits }
		simulate
		worker(workerId: $worker) { resources grantedResources grantedCpuUnits reservedJobId load }
		explainJob(jobId: $second) { code details }
	}`

	const before = await ask(query, { worker, second })
	await claim(db, worker, 5)
	const after = await ask(query, { worker, second })

	t.is(made.errors, undefined)
	t.is(before.errors, undefined)
	t.deepEqual(poolOf(before), { pool: 'stripe_api', capacity: '1.000', granted: '0.000', free: '1.000' })
	t.deepEqual(before.data.concurrencyKey, { maxRunning: 2, admittedCount: '2', parkedCount: '0' })
	t.deepEqual(before.data.claimPreview, [{ place: '1', jobId: first, queue: 'graphql', cpuUnits: '1.000' }])
	t.like(before.data.simulate, { jobs: 2, never: 0 })
	t.like(before.data.worker, { resources: { gpu: 2 }, grantedResources: {}, reservedJobId: null })
	t.like(after.data.worker, { grantedResources: { gpu: 1 }, grantedCpuUnits: '1.000' })
	t.like(poolOf(after), { granted: '1.000', free: '0.000' })
	t.like(after.data.explainJob, [{ code: 'pool_exhausted', details: { pool: 'stripe_api', job_ids: [first] } }])
})

const poolOf = ({ data }: Json) => data.listPools.find(({ pool }: Json) => pool === 'stripe_api')

test('operators set limits and capacities, and let a worker run empty', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['operated'] })
	const mutation = `mutation ($worker: UUID!) {
		setLimit(input: {queue: "operated", maxRunning: 2}) { pool }
		setRateLimit(input: {type: "math", jobs: "10", perSeconds: "60"}) { pool }
		setRate(input: {pool: "mail_api", amount: "10", perSeconds: "60"}) { clientMutationId }
		setConcurrencyLimit(input: {concurrencyKey: "k", maxRunning: 3}) { clientMutationId }
		setWorkerCapacity(input: {workerId: $worker, cpuUnits: "2.5"}) { clientMutationId }
		drainWorker(input: {workerId: $worker}) { clientMutationId }
	}`

	const { data, errors } = await ask(mutation, { worker })
	const deleted = await ask('mutation { deletePool(input: {pool: "mail_api"}) { clientMutationId } }')
	const missing = await ask('mutation { deletePool(input: {pool: "mail_api"}) { clientMutationId } }')
	const seen = await ask(`query ($worker: UUID!) { worker(workerId: $worker) { cpuUnits status } }`, { worker })

	t.is(errors, undefined)
	t.is(data.setLimit.pool, 'queue:operated')
	t.is(data.setRateLimit.pool, 'rate:type:math')
	t.is(deleted.errors, undefined)
	t.like(missing.errors[0].extensions, { code: 'not_found' })
	t.deepEqual(seen.data.worker, { cpuUnits: '2.500', status: 'draining' })
})

test('a preview is a question and no change', async (t) => {
	const { data } = await ask('{ __schema { mutationType { fields { name } } } }')

	t.false(data.__schema.mutationType.fields.some(({ name }: Json) => name === 'claimPreview'))
})
