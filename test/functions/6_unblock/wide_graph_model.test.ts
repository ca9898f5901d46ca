import assert from 'node:assert/strict'
import test from 'ava'
import fc from 'fast-check'
import { type Claim, call, callOne } from '../../../db/calls.ts'
import { registerTypes, registerWorker, useDb } from '../../support/db.ts'
import { forgetJobs, type GraphJob, submitJobs } from '../../support/graph.ts'
import type { Condition } from '../../support/graph-job.ts'
import { WorkflowModel } from '../../support/workflow-model.ts'

const db = useDb(test)

/** Another seed or more runs: GRAPH_SEED=1 GRAPH_RUNS=200 npm test test/functions/6_unblock/wide_graph_model.test.ts */
const { GRAPH_SEED = '20261122', GRAPH_RUNS = '20' } = process.env

const PARENTS = ['p0', 'p1', 'p2']

/** Children of one or two parents, over and over in this pattern, so that most ends tell more than one transaction should. */
const pattern = fc.array(
	fc.record({
		parents: fc.uniqueArray(fc.nat({ max: 2 }), { minLength: 1, maxLength: 2 }),
		condition: fc.constantFrom<Condition>('success', 'success', 'failure', 'finished'),
		holds: fc.boolean(),
		/** A child of its own waits for this one to end like this. */
		next: fc.option(fc.constantFrom<Condition>('success', 'finished')),
	}),
	{ minLength: 2, maxLength: 6 },
)
const action = fc.oneof(
	fc.record({ do: fc.constantFrom('complete', 'fail', 'fail', 'cancel', 'retry', 'retry'), parent: fc.nat({ max: 2 }) }),
	fc.record({ do: fc.constantFrom('claim', 'chunk', 'tick'), parent: fc.constant(0) }),
)

const unsettled = async () => (await db.row('select count(*)::int as n from taskq_private.unsettled_jobs')).n

test.serial('what is told in chunks ends as if it had been told at once, whatever is done in between', async (t) => {
	await registerTypes(db, 'c', ...PARENTS.map((type) => ({ type, max_attempts: 1 })))
	await db.query('select taskq.configure(worker_lost_seconds => 3600)')
	const workers = await Promise.all(PARENTS.map((type) => registerWorker(db, { types: [type] })))
	let chunked = 0

	const arbitrary = fc.tuple(pattern, fc.integer({ min: 1200, max: 2400 }), fc.array(action, { minLength: 3, maxLength: 12, size: 'max' }))
	const property = fc.asyncProperty(arbitrary, async ([children, width, actions]) => {
		await forgetJobs(db.pool)
		const model = new WorkflowModel()
		const requests: Record<string, unknown>[] = PARENTS.map((type) => ({ type, name: type }))
		for (const _ of PARENTS) model.submit([], false, true)
		for (let n = 0; n < width; n++) {
			const { parents, condition, holds, next } = children[n % children.length]!
			const on_dependency_failure = holds ? 'hold' : 'cancel'
			const own = model.submit(
				parents.map((parent) => ({ parent, condition })),
				holds,
				true,
			)
			requests.push({
				type: 'c',
				name: `c${n}`,
				depends_on: parents.map((parent) => ({ job: `p${parent}`, condition })),
				on_dependency_failure,
			})
			if (next) {
				model.submit([{ parent: own, condition: next }], false, true)
				requests.push({ type: 'c', depends_on: [{ job: `c${n}`, condition: next }] })
			}
		}
		const rows: GraphJob[] = await submitJobs(db, { workflow: { name: 'w' }, jobs: requests })
		const ids = rows.map(({ job_id }) => job_id)

		for (const { do: what, parent } of actions) {
			const id = ids[parent]!
			const { status } = model.jobs[parent]!
			if ((what === 'complete' || what === 'fail') && status === 'ready') {
				const { claim_id } = await callOne<Claim>(db.pool, 'claimNextJob', [workers[parent], 1, null])
				model.start(parent)
				if (what === 'complete') await call(db.pool, 'completeJob', [claim_id, id, null])
				else await db.query(`select taskq.fail_job($1, $2, 'no')`, [claim_id, id])
				model.finish(parent, what === 'complete' ? 'completed' : 'failed')
			} else if (what === 'cancel' && status === 'ready') {
				await call(db.pool, 'cancelJob', [id, null])
				model.cancel(parent)
			} else if (what === 'retry' && ['failed', 'cancelled'].includes(status)) {
				await call(db.pool, 'retryJob', [id, true])
				model.retry(parent, true)
			} else if (what === 'claim') await call(db.pool, 'claimNextJob', [workers[0], 0, null])
			else if (what === 'chunk') await db.query('select taskq_private.settle_chunk()')
			else if (what === 'tick') await call(db.pool, 'tick', [])
			if (await unsettled()) chunked++
		}
		while (await unsettled()) await db.query('select taskq_private.settle_chunk()')

		const seen = await db.rows(
			'select j.status, j.reason from unnest($1::uuid[]) with ordinality as i (id, n) join taskq.jobs as j on j.job_id = i.id order by i.n',
			[ids],
		)
		assert.deepEqual(
			seen,
			model.jobs.map(({ status, reason }) => ({ status, reason })),
		)
		assert.deepEqual(await db.breaches(), [])
	})
	await fc.assert(property, { seed: Number(GRAPH_SEED), numRuns: Number(GRAPH_RUNS), includeErrorInReport: true })

	t.log(`${chunked} times something was left for later`)
	t.true(chunked > 10)
})
