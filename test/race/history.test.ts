import { randomUUID } from 'node:crypto'
import test from 'ava'
import { type Claim, callOne } from '../../db/calls.ts'
import { claim, useDb } from '../support/db.ts'
import { openSession } from '../support/sessions.ts'
import { jobIds, makeStage, submitEach } from '../support/stage.ts'

const db = useDb(test)

const MONTH = 2_592_000

test('jobs are submitted, run and ended while periods are opened and dropped: none is lost, none is refused', async (t) => {
	await db.query(
		'create or replace function taskq_private.large_period_bytes() returns bigint language sql immutable parallel safe as $$ select -1::bigint $$',
	)
	const stage = await makeStage(db, { concurrency: 1000 })
	const submitted: string[] = []
	const ended: string[] = []
	const refused: string[] = []
	let isOver = false

	/** Holds some jobs over many periods, so that what drops them must bring them along. */
	async function client(worker: string): Promise<void> {
		const session = await openSession(db)
		const held: Claim[] = []
		const end = async ({ claim_id, jobs }: Claim) => {
			const outcomes = jobs.map(({ job_id }) => ({ claim_id, job_id, outcome: 'completed' }))
			const { rejected } = (await session.call<Claim>('claimNextJob', [worker, 0, JSON.stringify(outcomes)]))[0]!
			refused.push(...rejected)
			ended.push(...jobs.map(({ job_id }) => job_id))
		}
		for (let n = 0; !isOver; n++) {
			const parent = held.at(-1)?.jobs[0]?.job_id
			const requests = [{ idempotency_key: randomUUID() }, {}, { concurrency_key: `k${n % 3}` }, parent ? { depends_on: [parent] } : {}]
			const answers = await submitEach(
				db.pool,
				requests.map((request) => ({ type: stage.type, timeout_seconds: MONTH, ...request })),
			)
			submitted.push(...answers.map(({ job_id }) => job_id!))
			const claimed = await claim(db, worker, 3)
			if (claimed.claim_id) held.push(claimed)
			if (held.length > 45) await end(held.splice(n % 46, 1)[0]!)
		}
		for (const claimed of held) await end(claimed)
	}
	async function time(): Promise<void> {
		for (let n = 0; n < 24; n++) {
			await db.moveClock('3 hours')
			await db.query('update taskq_private.workers set heartbeat_at = taskq_private.clock()')
			for (let step = 0; step < 8; step++) await callOne(db.pool, 'tick', [])
		}
		isOver = true
	}
	await db.moveClock('0')
	const workers = [await stage.addWorker(), await stage.addWorker(), await stage.addWorker()]
	await Promise.all([...workers.map(client), time()])
	for (let claimed = await stage.claim(1000); claimed.claim_id; claimed = await stage.claim(1000)) {
		await stage.complete(claimed)
		ended.push(...jobIds(claimed))
	}

	const { periods, dropped } = await db.row(
		`select count(*)::int as periods, max(ends_at) filter (where starts_at = '-infinity') > taskq_private.clock() - interval '2 days' as dropped
		from taskq_private.history_periods where family = 'jobs'`,
	)
	t.log({ submitted: submitted.length, periods })
	t.deepEqual(refused, [])
	t.deepEqual(ended.sort(), submitted.sort())
	t.true(dropped && periods < 20)
})
