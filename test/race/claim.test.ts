import test from 'ava'
import { type Claim, callOne } from '../../db/calls.ts'
import { registerWorker, useDb } from '../support/db.ts'
import { openSession, openSessions } from '../support/sessions.ts'
import { jobIds, makeStage } from '../support/stage.ts'

const db = useDb(test)

test.serial('while one claim is under way, another takes other jobs and does not wait', async (t) => {
	const stage = await makeStage(db)
	const other = await stage.addWorker()
	const ids = await stage.submit({}, {}, {})
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	const [first] = await a!.call<Claim>('claimNextJob', [stage.worker, 1, null])
	const [second] = await b!.call<Claim>('claimNextJob', [other, 5, null])
	await a!.query('commit')

	t.deepEqual([jobIds(first!), jobIds(second!)], [[ids[0]], [ids[1], ids[2]]])
})

test.serial('a claim that is rolled back gives its jobs back', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const session = await openSession(db)

	await session.query('begin')
	await session.call('claimNextJob', [stage.worker, 1, null])
	await session.query('rollback')

	t.deepEqual(jobIds(await stage.claim()), [id])
})

test.serial('two claims of one worker come one after the other, so that together they fit', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 3, task: { cpu_units: 2 } })
	await stage.submit({}, {})
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	const [first] = await a!.call<Claim>('claimNextJob', [stage.worker, 5, null])
	const second = await b!.waiting<Claim>('claimNextJob', [stage.worker, 5, null])
	await a!.query('commit')

	t.deepEqual([first!.jobs.length, (await second.done)[0]!.jobs.length], [1, 0])
})

test.serial('8 workers take 2,000 jobs: each job once, all of them, and none takes more than it can carry', async (t) => {
	const stage = await makeStage(db)
	const shapes = [0.5, 1, 1.5, 3].map((cpu_units) => ({ resource_requirements: { cpu_units, memory_mb: cpu_units * 100 } }))
	const ids = await stage.submit(...Array.from({ length: 2000 }, (_, n) => ({ ...shapes[n % 4], priority: (n % 10) + 1 })))
	const taken: string[] = []
	let most = 0

	async function work() {
		const client = await db.client()
		const worker = await registerWorker(db, { types: [stage.type], cpuUnits: 7, memoryMb: 600 })
		let outcomes: unknown[] = []
		for (;;) {
			const claimed = await callOne<Claim>(client, 'claimNextJob', [worker, 10, JSON.stringify(outcomes)])
			const { cpu } = (await client.query('select granted_cpu_units as cpu from taskq.workers where worker_id = $1', [worker])).rows[0]
			most = Math.max(most, cpu)
			if (claimed.jobs.length === 0 && outcomes.length === 0) return
			outcomes = jobIds(claimed).map((job_id) => ({ claim_id: claimed.claim_id, job_id, outcome: 'completed' }))
			taken.push(...jobIds(claimed))
		}
	}
	await Promise.all(Array.from({ length: 8 }, work))

	t.is(taken.length, 2000)
	t.deepEqual(taken.sort(), ids)
	t.true(most <= 7)
	const { rows } = await db.query('select status, count(*)::int as jobs from taskq.jobs where type = $1 group by 1', [stage.type])
	t.deepEqual(rows, [{ status: 'completed', jobs: 2000 }])
})
