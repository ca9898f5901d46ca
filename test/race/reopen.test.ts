import test from 'ava'
import type { Claim } from '../../db/calls.ts'
import { useDb } from '../support/db.ts'
import { complete, fail, submitGraph } from '../support/graph.ts'
import { openSession, openSessions } from '../support/sessions.ts'
import { jobIds, makeStage } from '../support/stage.ts'

const db = useDb(test)

const cleanup = [{ job: 'a', condition: 'finished' }]

test.serial('a job is replayed while what it let go is claimed: that has started, and goes on', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], cleanup })
	await fail(stage, ids.a!)
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('claimNextJob', [stage.worker, 1, null])
	const replay = await b!.waiting('retryJob', [ids.a, false])
	await a!.query('commit')
	await replay.done

	t.deepEqual([await stage.status(ids.a!), await stage.status(ids.cleanup!)], ['ready', 'running'])
})

test.serial('what a job let go is to be claimed while that is replayed: the claim passes over it, and it waits again', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], cleanup })
	await fail(stage, ids.a!)
	const session = await openSession(db)

	await session.query('begin')
	await session.call('retryJob', [ids.a, false])
	const claimed = await stage.claim(5)
	await session.query('commit')

	t.deepEqual([jobIds(claimed), await stage.status(ids.cleanup!)], [[], 'blocked'])
})

test.serial('a claim that is rolled back leaves the child to the replay that waited for it', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], cleanup })
	await fail(stage, ids.a!)
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call<Claim>('claimNextJob', [stage.worker, 1, null])
	const replay = await b!.waiting('retryJob', [ids.a, false])
	await a!.query('rollback')
	await replay.done

	t.is(await stage.status(ids.cleanup!), 'blocked')
})

test.serial('a job is replayed while another parent lets the child go: it is found where it has gone, and waits again', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], b: [], child: [...cleanup, 'b'] })
	await fail(stage, ids.a!)
	const { claim_id } = await stage.claim()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('completeJob', [claim_id, ids.b, null])
	const replay = await b!.waiting('retryJob', [ids.a, false])
	await a!.query('commit')
	await replay.done

	t.like(await stage.job(ids.child!), { status: 'blocked', remaining_dependencies: 1 })
	await complete(stage, ids.a!)
	t.is(await stage.status(ids.child!), 'ready')
})

test.serial('a job is replayed while a child that someone cancelled is, too: whichever is first, the child waits for it', async (t) => {
	for (const parentFirst of [true, false]) {
		const stage = await makeStage(db)
		const ids = await submitGraph(db, stage, { a: [], cleanup })
		await fail(stage, ids.a!)
		await db.query('select taskq.cancel_job($1)', [ids.cleanup])
		const [a, b] = await openSessions(db, 2)
		const [first, second] = parentFirst ? [ids.a, ids.cleanup] : [ids.cleanup, ids.a]

		await a!.query('begin')
		await a!.call('retryJob', [first, false])
		const replay = await b!.waiting('retryJob', [second, false])
		await a!.query('commit')
		await replay.done

		t.deepEqual([await stage.status(ids.a!), await stage.status(ids.cleanup!)], ['ready', 'blocked'])
	}
})
