import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import { type Claim, callOne } from '../../db/calls.ts'
import { registerWorker, useDb } from '../support/db.ts'
import { keyOf, makePool, makeRate, needs, poolOf } from '../support/resources.ts'
import { openSession, openSessions } from '../support/sessions.ts'
import { jobIds, makeStage, type Stage, submitEach } from '../support/stage.ts'

const db = useDb(test)

/** From the order in which claims and ends were committed under the limit's lock: how many ran at most at any instant. */
async function mostAtOnce(stage: Stage): Promise<number> {
	const { most } = await db.row(
		`select max(running)::int as most from (
			select sum(case e.event when 'job_started' then 1 else -1 end) over (order by e.event_id, j.n) as running
			from taskq_private.job_events as e
			cross join unnest(e.job_ids, e.lane_ids) with ordinality as j (job_id, lane_id, n)
			join taskq_private.lanes as l on l.lane_id = j.lane_id
			where l.type = $1 and e.event in ('job_started', 'job_completed', 'job_failed', 'job_cancelled', 'job_retrying', 'job_ready')
				and (e.event = 'job_started' or exists (
					select from taskq_private.job_events as s where s.event = 'job_started' and s.event_id < e.event_id and j.job_id = any (s.job_ids)
				))
		) as r`,
		[stage.type],
	)
	return most
}

interface Crowd {
	/** How much of the limit was granted at most when anyone looked, between its own calls. */
	most: number
	taken: string[]
}

/** 8 sessions, each with a worker of its own, claim and finish until nothing is left; some workers die with what they have. */
async function crowd(stage: Stage, look: () => Promise<number>, { dying = true, wait = async () => {} } = {}): Promise<Crowd> {
	const all: Crowd = { most: 0, taken: [] }
	let done = false
	const watcher = (async () => {
		for (; !done; await setImmediate()) all.most = Math.max(all.most, await look())
	})()
	await Promise.all(
		Array.from({ length: 8 }, async (_, n) => {
			const client = await db.client()
			let worker = await registerWorker(db, { types: [stage.type] })
			let outcomes: unknown[] = []
			for (let turn = 0; ; turn++) {
				const claimed = await callOne<Claim>(client, 'claimNextJob', [worker, 1 + (n % 3), JSON.stringify(outcomes)])
				if (dying && turn === n + 2) {
					await client.query(`select taskq_private.end_worker($1, 'lost', 'lost')`, [worker])
					worker = await registerWorker(db, { types: [stage.type] })
					outcomes = []
					continue
				}
				outcomes = jobIds(claimed).map((job_id) => ({ claim_id: claimed.claim_id, job_id, outcome: 'completed' }))
				all.taken.push(...jobIds(claimed))
				if (claimed.jobs.length > 0) continue
				const { left } = (
					await client.query(`select count(*)::int as left from taskq.jobs where type = $1 and finished_at is null`, [stage.type])
				).rows[0]
				if (left === 0) return
				await wait()
			}
		}),
	)
	done = true
	await watcher
	return all
}

test.serial('8 workers claim at once of a pool of 3: never more than 3 are out, all jobs run once, and nothing leaks', async (t) => {
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 3)
	const ids = await stage.submit(...Array(150).fill(needs({ [pool]: 1 })))

	const { most, taken } = await crowd(stage, async () => (await poolOf(db, pool)).granted)

	t.true(most > 0 && most <= 3, `${most} at once`)
	t.deepEqual([...new Set(taken)].sort(), ids)
	t.true((await mostAtOnce(stage)) <= 3)
	t.deepEqual(await poolOf(db, pool), { capacity: 3, granted: 0, free: 3 })
})

test.serial('the same of a limit of a type', async (t) => {
	const stage = await makeStage(db)
	const { pool } = await db.row('select taskq.set_limit(type => $1, max_running => 2) as pool', [stage.type])
	const ids = await stage.submit(...Array.from({ length: 100 }, (_, n) => ({ priority: (n % 4) + 1, queue: `q${n % 3}` })))

	const { most, taken } = await crowd(stage, async () => (await poolOf(db, pool)).granted)

	t.true(most > 0 && most <= 2, `${most} at once`)
	t.is(new Set(taken).size, ids.length)
	t.deepEqual(await poolOf(db, pool), { capacity: 2, granted: 0, free: 2 })
})

test.serial('the same of a key, jobs that are submitted meanwhile included', async (t) => {
	const stage = await makeStage(db)
	const key = `key-${stage.type}`
	const request = { type: stage.type, concurrency_key: key, concurrency_limit: 2 }
	await stage.submit(...Array(40).fill(request))
	const late = Promise.all(Array.from({ length: 20 }, async () => submitEach(await db.client(), [request, request])))

	const { most, taken } = await crowd(stage, async () => {
		const { running } = await db.row(
			`select count(*)::int as running from taskq_private.claims as c cross join unnest(c.lane_ids) as u (lane_id)
			join taskq_private.lanes as l on l.lane_id = u.lane_id where l.type = $1`,
			[stage.type],
		)
		return running
	})
	await late
	const rest = await crowd(stage, async () => 0, { dying: false })

	t.true(most > 0 && most <= 2, `${most} at once`)
	t.is(new Set([...taken, ...rest.taken]).size, 80)
	t.true((await mostAtOnce(stage)) <= 2)
	t.deepEqual(await keyOf(db, key), { limit: 2, out: 0, parked: 0 })
})

test.serial('8 workers claim at once under a rate: never more start than it allows', async (t) => {
	await db.stopClock()
	const stage = await makeStage(db)
	const pool = await makeRate(db, stage, 10, 1, 4)
	await stage.submit(...Array(60).fill(needs({ [pool]: 1 })))
	let passed = 0
	const started = async () =>
		(
			await db.row(
				`select count(*)::int as jobs from taskq_private.job_events as e cross join unnest(e.lane_ids) as u (lane_id)
				join taskq_private.lanes as l on l.lane_id = u.lane_id where l.type = $1 and e.event = 'job_started'`,
				[stage.type],
			)
		).jobs
	const over: number[] = []

	await crowd(
		stage,
		async () => {
			const jobs = await started() // before the clock: it may only grow meanwhile
			if (jobs > 4 + passed * 10 + 1e-6) over.push(jobs)
			return 0
		},
		{
			dying: false,
			async wait() {
				passed += 0.1
				await db.moveClock('0.1 seconds')
			},
		},
	)

	t.deepEqual(over, [])
	t.is(await started(), 60)
	t.true(passed >= 5.5, `${passed} s`)
})

test.serial('claims that lock the same pools from jobs in opposite order do not deadlock', async (t) => {
	const [one, two] = [await makeStage(db), await makeStage(db)]
	const pools = [await makePool(db, one, 100, 'a'), await makePool(db, two, 100, 'b')]
	await one.submit(...Array(100).fill(needs({ [pools[0]!]: 1 })), ...Array(100).fill(needs({ [pools[1]!]: 1 })))
	await two.submit(...Array(100).fill(needs({ [pools[1]!]: 1 })), ...Array(100).fill(needs({ [pools[0]!]: 1 })))

	const ends = await Promise.all(
		[one, two, one, two].map(async (stage) => {
			const client = await db.client()
			const worker = await stage.addWorker()
			for (let held: string[] = [], claim: Claim | null = null, turn = 0; turn < 40; turn++) {
				claim = await callOne<Claim>(client, 'claimNextJob', [
					worker,
					3,
					JSON.stringify(held.map((job_id) => ({ claim_id: claim!.claim_id, job_id, outcome: 'completed' }))),
				])
				held = jobIds(claim)
			}
			await client.query('select taskq.stop_worker($1)', [worker])
			return 'ok'
		}),
	)

	t.deepEqual(ends, Array(4).fill('ok'))
})

test.serial('a claim waits for another that takes of the same pool, and sees what that has left', async (t) => {
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 3)
	await stage.submit(...Array(5).fill(needs({ [pool]: 1 })))
	const other = await stage.addWorker()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	const [first] = await a!.call<Claim>('claimNextJob', [stage.worker, 2, null])
	const second = await b!.waiting<Claim>('claimNextJob', [other, 5, null])
	await a!.query('commit')

	t.deepEqual([first!.jobs.length, (await second.done)[0]!.jobs.length], [2, 1])
})

test.serial('a claim for jobs that take nothing of a pool does not wait for it', async (t) => {
	const [stage, plain] = [await makeStage(db), await makeStage(db)]
	const pool = await makePool(db, stage, 3)
	await stage.submitOne(needs({ [pool]: 1 }))
	await plain.submitOne()
	const session = await openSession(db)

	await session.query('begin')
	await session.call('claimNextJob', [stage.worker, 1, null])
	const claimed = await plain.claim()
	await session.query('rollback')

	t.is(claimed.jobs.length, 1)
})

test.serial(
	'a pool that is made smaller while a claim takes of it: the change waits, and the next claim counts what that took',
	async (t) => {
		const stage = await makeStage(db)
		const pool = await makePool(db, stage, 3)
		await stage.submit(...Array(5).fill(needs({ [pool]: 1 })))
		const [a, b] = await openSessions(db, 2)

		await a!.query('begin')
		await a!.call('claimNextJob', [stage.worker, 2, null])
		const change = await b!.waiting('setPool', [pool, 2])
		await a!.query('commit')
		await change.done

		t.is((await stage.claim(5)).jobs.length, 0)
		t.deepEqual(await poolOf(db, pool), { capacity: 2, granted: 2, free: 0 })
	},
)

test.serial('a claim that waits for a change of the pool is held to the new capacity', async (t) => {
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 3)
	await stage.submit(...Array(5).fill(needs({ [pool]: 1 })))
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('setPool', [pool, 1])
	const claim = await b!.waiting<Claim>('claimNextJob', [stage.worker, 5, null])
	await a!.query('commit')

	t.is((await claim.done)[0]!.jobs.length, 1)
})

test.serial('a job that becomes ready while its claim waits starts, on record, after the parent that made it ready', async (t) => {
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 3)
	const parent = await stage.submitOne()
	const { claim_id } = await stage.claim()
	const child = await stage.submitOne({ ...needs({ [pool]: 1 }), depends_on: [parent] })
	await stage.submitOne(needs({ [pool]: 1 }))
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('setPool', [pool, 2])
	const claim = await b!.waiting<Claim>('claimNextJob', [stage.worker, 5, null])
	await db.moveClock('1 second')
	await db.query('select taskq.complete_job($1, $2)', [claim_id, parent])
	await a!.query('commit')

	t.true(jobIds((await claim.done)[0]!).includes(child))
	const { early } = await db.row(
		`select c.claimed_at < p.finished_at as early from taskq_private.claims as c, taskq.jobs as p where $1 = any (c.job_ids) and p.job_id = $2`,
		[child, parent],
	)
	t.false(early)
})
