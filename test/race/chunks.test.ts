import test from 'ava'
import { call } from '../../db/calls.ts'
import { useDb } from '../support/db.ts'
import { complete, countByStatus, submitGraph } from '../support/graph.ts'
import { openSessions } from '../support/sessions.ts'
import { makeStage, type Stage } from '../support/stage.ts'

const db = useDb(test)

const WIDTH = 1500
const settle = 'select taskq_private.settle_chunk() as more'
const unsettled = async () => (await db.row('select count(*)::int as n from taskq_private.unsettled_jobs')).n
const settleAll = async () => {
	while (await unsettled()) await db.query(settle)
}

/** A parent that has ended, whose many children have yet to be told; `last` is the last of them. */
async function ended(stage: Stage, end: 'completed' | 'failed' = 'completed', extra: unknown[] = [], hold = false) {
	const parent = await stage.submitOne({ priority: 1 })
	const { claim_id } = await stage.claim()
	const child = { depends_on: [parent], on_dependency_failure: hold ? 'hold' : 'cancel' }
	const children = await stage.submit(...Array(WIDTH - 1).fill(child), { ...child, depends_on: [parent, ...extra] })
	if (end === 'completed') await call(db.pool, 'completeJob', [claim_id, parent, null])
	else await db.query(`select taskq.fail_job($1, $2, 'no', true)`, [claim_id, parent])
	return { parent, children, last: children.at(-1)! }
}

test.serial('two sessions take chunks at once: neither waits, and each takes other parents’', async (t) => {
	const stage = await makeStage(db)
	const parents = await stage.submit(...Array(400).fill({}))
	await stage.submit(...Array.from({ length: 1200 }, (_, n) => ({ depends_on: [parents[n % 400]] })))
	const { jobs, claim_id } = await stage.claim(400)
	const [a, b] = await openSessions(db, 2)
	const ended = jobs.map(({ job_id }) => ({ claim_id, job_id, outcome: 'completed' }))

	await a!.query('begin')
	await a!.query('select taskq_private.finish_attempts($1, $2)', [JSON.stringify(ended), stage.worker])
	await a!.query('commit')
	await a!.query('begin')
	const first = await a!.query(settle)
	const second = await b!.query(settle)
	const during = await countByStatus(db, stage)
	await a!.query('commit')

	t.deepEqual([first.rows[0].more, second.rows[0].more], [true, true]) // each still sees the rows of the other
	t.is(during.ready, 600)
	t.deepEqual(await countByStatus(db, stage), { completed: 400, ready: 1200 })
	t.is(await unsettled(), 0)
})

test.serial('a chunk that another session has in hand is passed over, and comes back when that gives up', async (t) => {
	const stage = await makeStage(db)
	await ended(stage)
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.query(settle)
	const during = await b!.query(settle)
	await a!.query('rollback')
	await settleAll()

	t.false(during.rows[0].more)
	t.deepEqual(await countByStatus(db, stage), { completed: 1, ready: WIDTH })
})

test.serial('8 sessions take chunks of tangled parents, ended all ways: every edge is told once', async (t) => {
	const stage = await makeStage(db)
	const parents = await stage.submit(...Array(12).fill({}))
	const depends_on = (n: number) => [
		parents[n % 12],
		{ job: parents[(n * 5 + 1) % 12], condition: ['success', 'failure', 'finished'][n % 3] },
	]
	const on_dependency_failure = (n: number) => (n % 4 ? 'cancel' : 'hold')
	await stage.submit(
		...Array.from({ length: 9000 }, (_, n) => ({ depends_on: depends_on(n), on_dependency_failure: on_dependency_failure(n) })),
	)
	const { claim_id } = await stage.claim(12)
	for (const [n, id] of parents.entries())
		await (n % 3
			? call(db.pool, 'completeJob', [claim_id, id, null])
			: db.query(`select taskq.fail_job($1, $2, 'no', true)`, [claim_id, id]))
	const before = await unsettled()

	await Promise.all(
		Array.from({ length: 8 }, async () => {
			const client = await db.client()
			while (await unsettled()) await client.query(settle).catch(({ code }) => t.is(code, '40P01'))
		}),
	)

	t.is(before, 12)
	const { wrong } = await db.row(`select count(*)::int as wrong from taskq_private.job_dependencies as d
		join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id where d.satisfied <> taskq_private.satisfies(f.status, d.condition)`)
	t.is(wrong, 0)
})

test.serial('a child that was cancelled is retried before its chunk has come: it is told then', async (t) => {
	const stage = await makeStage(db)
	const other = await stage.submitOne()
	const { last } = await ended(stage, 'completed', [other])
	await db.query('select taskq.cancel_job($1)', [last])

	const { retry_job } = await db.row('select taskq.retry_job($1)', [last])
	await settleAll()
	await complete(stage, other)

	t.is(retry_job, 'blocked')
	t.is(await stage.status(last), 'ready')
})

for (const retryFirst of [true, false]) {
	test.serial(
		`a child is retried ${retryFirst ? 'before' : 'after'} a chunk that is under way tells it: one waits, and it is counted once`,
		async (t) => {
			const stage = await makeStage(db)
			const { children, last } = await ended(stage)
			await db.query('select taskq.cancel_job($1)', [last])
			await db.query(`update taskq_private.unsettled_jobs set after_id = $1`, [children.at(-500)])
			const [a, b] = await openSessions(db, 2)

			await a!.query('begin')
			if (retryFirst) {
				await a!.call('retryJob', [last, false])
				const chunk = await b!.waitingQuery(settle)
				await a!.query('commit')
				await chunk.done
			} else {
				await a!.query(settle)
				const retry = await b!.waiting('retryJob', [last, false])
				await a!.query('commit')
				await retry.done
			}

			t.is(await stage.status(last), 'ready')
			await db.query(
				'insert into taskq_private.unsettled_jobs (job_id, status) select depends_on_id, $2 from taskq_private.job_dependencies where job_id = $1',
				[last, 'completed'],
			)
			await settleAll()
		},
	)
}

test.serial('a child that another parent cancelled comes back with that one though its chunk has yet to come', async (t) => {
	const stage = await makeStage(db)
	const other = await stage.submitOne()
	const { last } = await ended(stage, 'completed', [other])
	await stage.failAll()
	const before = await stage.status(last)

	await call(db.pool, 'retryJob', [other, true])
	const after = await stage.status(last)
	await settleAll()
	await complete(stage, other)

	t.deepEqual([before, after, await stage.status(last)], ['cancelled', 'blocked', 'ready'])
})

test.serial('a child is submitted while its parent’s end is still being told: it need not wait for that', async (t) => {
	const stage = await makeStage(db)
	const { parent } = await ended(stage, 'failed')
	const [a] = await openSessions(db, 1)

	await a!.query('begin')
	await a!.query(settle)
	const ids = await submitGraph(db, stage, { next: [parent], cleanup: [{ job: parent, condition: 'finished' }] })
	await a!.query('commit')

	t.deepEqual([await stage.status(ids.next!), await stage.status(ids.cleanup!)], ['cancelled', 'ready'])
	await settleAll()
})

test.serial('a parent is replayed while its end is being told: the replay waits, and what was told is undone with it', async (t) => {
	const stage = await makeStage(db)
	const { parent } = await ended(stage, 'failed')
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.query(settle)
	const replay = await b!.waiting('retryJob', [parent, true])
	await a!.query('commit')
	await replay.done
	await settleAll()

	t.deepEqual(await countByStatus(db, stage), { ready: 1, blocked: WIDTH })
})

test.serial('an edge is added to a child while its parent’s end is being told: it is counted on top', async (t) => {
	const stage = await makeStage(db)
	const other = await stage.submitOne()
	const { children } = await ended(stage)
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.query(settle)
	const added = await b!.waiting('addDependency', [children[0], other, 'success'])
	await a!.query('commit')
	await added.done
	await settleAll()

	t.like(await stage.job(children[0]!), { status: 'blocked', remaining_dependencies: 1 })
})
