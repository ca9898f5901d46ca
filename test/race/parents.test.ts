import test from 'ava'
import { call } from '../../db/calls.ts'
import { useDb } from '../support/db.ts'
import { openSessions, outcomeOf } from '../support/sessions.ts'
import { makeStage } from '../support/stage.ts'

const db = useDb(test)

test.serial('two parents of one child complete at once, and each is counted', async (t) => {
	const stage = await makeStage(db)
	const parents = await stage.submit({}, {})
	const child = await stage.submitOne({ depends_on: parents })
	const claims = [await stage.claim(), await stage.claim()]
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('completeJob', [claims[0]!.claim_id, parents[0], null])
	const second = await b!.waiting('completeJob', [claims[1]!.claim_id, parents[1], null])
	await a!.query('commit')
	await second.done

	t.is(await stage.status(child), 'ready')
})

test.serial('one parent completes and the other fails at once: the child is cancelled, whichever is first', async (t) => {
	for (const firstToEnd of [0, 1]) {
		const stage = await makeStage(db)
		const parents = await stage.submit({}, {})
		const child = await stage.submitOne({ depends_on: parents })
		const claims = [await stage.claim(), await stage.claim()]
		const [a, b] = await openSessions(db, 2)
		const ends = [
			{ name: 'completeJob', values: [claims[0]!.claim_id, parents[0], null] },
			{
				name: 'claimNextJob',
				values: [stage.worker, 0, JSON.stringify([{ claim_id: claims[1]!.claim_id, job_id: parents[1], outcome: 'failed', fatal: true }])],
			},
		] as const

		await a!.query('begin')
		await a!.call(ends[firstToEnd]!.name, [...ends[firstToEnd]!.values])
		const second = await b!.waiting(ends[1 - firstToEnd]!.name, [...ends[1 - firstToEnd]!.values])
		await a!.query('commit')
		await outcomeOf(second.done)

		t.like(await stage.job(child), { status: 'cancelled', reason: 'dependency' })
	}
})

test.serial('8 workers complete 200 parents of 20 children, all tangled: no child is stuck and none is early', async (t) => {
	const stage = await makeStage(db)
	const parents = await stage.submit(...Array(200).fill({}))
	const children = await stage.submit(
		...Array.from({ length: 20 }, (_, n) => ({ depends_on: parents.filter((_, p) => p % (n + 1) === 0) })),
	)

	await Promise.all(
		Array.from({ length: 8 }, async () => {
			const worker = await stage.addWorker()
			const client = await db.client()
			for (let claimed = await stage.claim(7, worker); claimed.jobs.length; claimed = await stage.claim(7, worker)) {
				const outcomes = claimed.jobs.map(({ job_id }) => ({ claim_id: claimed.claim_id, job_id, outcome: 'completed' }))
				await call(client, 'claimNextJob', [worker, 0, JSON.stringify(outcomes)])
			}
		}),
	)
	await stage.completeAll()

	t.deepEqual(new Set(await Promise.all(children.map(stage.status))), new Set(['completed']))
})
