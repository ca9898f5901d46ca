import assert from 'node:assert/strict'
import test from 'ava'
import fc from 'fast-check'
import { useDb } from '../../support/db.ts'
import type { Condition } from '../../support/graph-job.ts'
import { GraphPlayer } from '../../support/graph-player.ts'

const db = useDb(test)

/** Another seed or more runs: GRAPH_SEED=1 GRAPH_RUNS=2000 npm test test/functions/6_unblock/graph_model.test.ts */
const { GRAPH_SEED = '20261122', GRAPH_RUNS = '150' } = process.env

const n = fc.nat({ max: 1000 })
const condition = fc.constantFrom<Condition>('success', 'success', 'failure', 'finished')
const edge = fc.tuple(n, condition)
const job = fc.record({ edges: fc.array(edge, { maxLength: 3 }), holds: fc.boolean() })

/** Edges lead from earlier to later jobs, so that the graph is one; later edges may try to close a cycle. */
const graph = fc.array(job, { minLength: 1, maxLength: 12, size: 'max' })

const action = fc.oneof(
	{ weight: 6, arbitrary: fc.record({ do: fc.constantFrom('complete', 'complete', 'fail'), a: n }) },
	{ weight: 3, arbitrary: fc.record({ do: fc.constantFrom('start', 'finish', 'finishBadly', 'release'), a: n }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('cancel'), a: n }) },
	{ weight: 3, arbitrary: fc.record({ do: fc.constantFrom('retry', 'revive'), a: n, flag: fc.boolean() }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('addDependency'), a: n, b: n, condition }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constantFrom('submit'), a: n, b: n, condition, flag: fc.boolean() }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constantFrom('discard'), a: n }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cancelWorkflow', 'retryWorkflow', 'tick') }) },
)

test.serial('whatever is done to a graph, its jobs and its workflow are as the model says', async (t) => {
	const player = await GraphPlayer.make(db)
	const answers: Record<string, number> = {}

	await fc.assert(
		fc.asyncProperty(graph, fc.array(action, { minLength: 5, maxLength: 25, size: 'max' }), async (jobs, actions) => {
			await player.begin(jobs)
			assert.deepEqual(await player.seen(), player.expected())
			for (const action of actions) {
				const [answered, expected] = await player.play(action)
				assert.equal(answered, expected, JSON.stringify(action))
				assert.deepEqual(await player.seen(), player.expected())
				answers[`${action.do} ${answered}`] = (answers[`${action.do} ${answered}`] ?? 0) + 1
			}
		}),
		{ seed: Number(GRAPH_SEED), numRuns: Number(GRAPH_RUNS), includeErrorInReport: true },
	)

	t.log(answers)
	const seldom = [
		'retry TQ409',
		'revive ok',
		'addDependency ok',
		'addDependency TQ425',
		'discard ok',
		'cancelWorkflow ok',
		'retryWorkflow ok',
	]
	t.deepEqual(
		seldom.filter((each) => !answers[each]),
		[],
	)
})
