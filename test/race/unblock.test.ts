import test from 'ava'
import { useDb } from '../support/db.ts'
import { complete, fail, statusesOf, submitGraph } from '../support/graph.ts'
import { openSessions, outcomeOf } from '../support/sessions.ts'
import { jobIds, makeStage, type Stage } from '../support/stage.ts'

const db = useDb(test)

/** Parents that run, and a child of them. */
async function family(stage: Stage, parents: string[]) {
	const ids = await submitGraph(db, stage, { ...Object.fromEntries(parents.map((name) => [name, []])), child: parents })
	const { claim_id } = await stage.claim(parents.length)
	const [a, b] = await openSessions(db, 2)
	return { ids, claim_id: claim_id!, a: a!, b: b!, completed: (name: string) => [claim_id, ids[name], null] }
}

const edges = (child: string) =>
	db
		.rows('select satisfied from taskq.job_dependencies where job_id = $1 order by depends_on_id', [child])
		.then((rows) => rows.map((r) => r.satisfied))

test.serial('a child gets a new edge while its parent completes: it is found where it has gone, and counted down', async (t) => {
	const stage = await makeStage(db)
	const { ids, a, b, completed } = await family(stage, ['p'])
	const other = await stage.submitOne()

	await a.query('begin')
	await a.call('addDependency', [ids.child, other, 'success'])
	const completion = await b.waiting('completeJob', completed('p'))
	await a.query('commit')
	await completion.done

	t.like(await stage.job(ids.child!), { status: 'blocked', remaining_dependencies: 1 })
	await complete(stage, other)
	t.is(await stage.status(ids.child!), 'ready')
})

test.serial('a parent completes while its child gets a new edge: the edge is counted on top', async (t) => {
	const stage = await makeStage(db)
	const { ids, a, b, completed } = await family(stage, ['p'])
	const other = await stage.submitOne()

	await a.query('begin')
	await a.call('completeJob', completed('p'))
	const added = await b.waiting<{ status: string }>('addDependency', [ids.child, other, 'success'])
	await a.query('commit')

	t.is((await added.done)[0]!.status, 'blocked')
	t.like(await stage.job(ids.child!), { remaining_dependencies: 1 })
})

test.serial('a parent completes while its child is cancelled: it stays cancelled, and the edge is satisfied', async (t) => {
	const stage = await makeStage(db)
	const { ids, a, b, completed } = await family(stage, ['p', 'q'])

	await a.query('begin')
	await a.call('cancelJob', [ids.child, null])
	const completion = await b.waiting('completeJob', completed('p'))
	await a.query('commit')
	await completion.done

	t.deepEqual([await stage.status(ids.child!), (await edges(ids.child!)).sort()], ['cancelled', [false, true]])
	await db.query('select taskq.retry_job($1)', [ids.child])
	t.like(await stage.job(ids.child!), { status: 'blocked', remaining_dependencies: 1 })
})

test.serial('a child is cancelled while its last parent completes: the cancel finds it where it has gone', async (t) => {
	const stage = await makeStage(db)
	const { ids, a, b, completed } = await family(stage, ['p'])

	await a.query('begin')
	await a.call('completeJob', completed('p'))
	const cancel = await b.waiting<{ status: string }>('cancelJob', [ids.child, null])
	await a.query('commit')

	t.is((await cancel.done)[0]!.status, 'cancelled')
	t.is(await stage.status(ids.child!), 'cancelled')
})

test.serial('two parents fail at once: the child is cancelled once, for the first of them', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { p: [], q: [], child: ['p', 'q'] })
	const rival = await stage.addWorker()
	const failure = async (worker: string) => {
		const { claim_id, jobs } = await stage.claim(1, worker)
		return [worker, 0, JSON.stringify([{ claim_id, job_id: jobs[0]!.job_id, outcome: 'failed', fatal: true }])]
	}
	const [one, two] = [await failure(stage.worker), await failure(rival)]
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('claimNextJob', one)
	const second = await b!.waiting('claimNextJob', two)
	await a!.query('commit')
	await second.done

	t.is((await stage.job(ids.child!)).error?.depends_on, ids.p)
	t.is(
		(await db.rows(`select from taskq_private.job_events where event = 'job_cancelled' and job_ids @> array[$1::uuid]`, [ids.child]))
			.length,
		1,
	)
})

for (const end of ['completed', 'failed'] as const) {
	test.serial(`a failed parent is replayed with its dependents while another parent is ${end}: they go one after the other`, async (t) => {
		for (const replayFirst of [true, false]) {
			const stage = await makeStage(db)
			const ids = await submitGraph(db, stage, { bad: [], other: [], child: ['bad', 'other'], below: ['child'] })
			await fail(stage, ids.bad!)
			const { claim_id } = await stage.claim()
			const [a, b] = await openSessions(db, 2)
			const moves = [
				['retryJob', [ids.bad, true]],
				['claimNextJob', [stage.worker, 0, JSON.stringify([{ claim_id, job_id: ids.other, outcome: end, fatal: true }])]],
			] as const
			const [first, second] = replayFirst ? moves : [moves[1], moves[0]]

			await a!.query('begin')
			await a!.call(first[0], [...first[1]])
			const waits = await b!.waiting(second[0], [...second[1]])
			await a!.query('commit')
			await waits.done
			await complete(stage, ids.bad!)

			t.deepEqual(
				await statusesOf(stage, ids),
				end === 'completed'
					? { bad: 'completed', other: 'completed', child: 'ready', below: 'blocked' }
					: { bad: 'completed', other: 'failed', child: 'cancelled', below: 'cancelled' },
			)
		}
	})
}

test.serial('a job is retried while a parent of its ends otherwise than it asks: it is refused, or cancelled again', async (t) => {
	for (const retryFirst of [true, false]) {
		const stage = await makeStage(db)
		const ids = await submitGraph(db, stage, { p: [], child: ['p'] })
		const { claim_id } = await stage.claim()
		await db.query('select taskq.cancel_job($1)', [ids.child])
		const [a, b] = await openSessions(db, 2)
		const moves = [
			['retryJob', [ids.child, false]],
			['claimNextJob', [stage.worker, 0, JSON.stringify([{ claim_id, job_id: ids.p, outcome: 'failed', fatal: true }])]],
		] as const
		const [first, second] = retryFirst ? moves : [moves[1], moves[0]]

		await a!.query('begin')
		await a!.call(first[0], [...first[1]])
		const waits = await b!.waiting(second[0], [...second[1]])
		await a!.query('commit')
		const outcome = await outcomeOf(waits.done)

		t.is(outcome === 'TQ409', !retryFirst)
		t.is((await stage.job(ids.child!)).reason, retryFirst ? 'dependency' : 'requested')
	}
})

test.serial('three edges that would close a cycle are added at once: two are there, the third is answered TQ425', async (t) => {
	const stage = await makeStage(db)
	const [x, y, z] = await stage.submit({}, {}, {})

	const answers = await Promise.all(
		[
			[x, y],
			[y, z],
			[z, x],
		].map((edge) =>
			db.query('select taskq.add_dependency($1, $2)', edge).then(
				() => 'added',
				({ code }) => code,
			),
		),
	)

	t.deepEqual(answers.sort(), ['TQ425', 'added', 'added'])
	t.is(jobIds(await stage.claim(3)).length, 1)
})
