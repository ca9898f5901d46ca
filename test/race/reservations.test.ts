import test from 'ava'
import type { Claim } from '../../db/calls.ts'
import { useDb } from '../support/db.ts'
import { cpus, reservedFor } from '../support/resources.ts'
import { openSessions, outcomeOf } from '../support/sessions.ts'
import { jobIds, makeStage } from '../support/stage.ts'

const db = useDb(test)

/** Two workers of 4 cpus that run a job of 1 each, and as many jobs of 4 that have waited for a minute. */
async function crowded(larges: number) {
	const stage = await makeStage(db, { cpuUnits: 4 })
	const workers = [stage.worker, await stage.addWorker()]
	await stage.submit(cpus(1), cpus(1))
	const held = [await stage.claim(1, workers[0]), await stage.claim(1, workers[1])]
	const ids = await stage.submit(...Array(larges).fill(cpus(4)))
	await db.moveClock('60 seconds')
	return { stage, workers, held, ids }
}
const report = (claimed: Claim) =>
	JSON.stringify(jobIds(claimed).map((job_id) => ({ claim_id: claimed.claim_id, job_id, outcome: 'completed' })))

test.serial('two workers find the same large job at once: it has one of them, and the other goes on', async (t) => {
	const { stage, workers, ids } = await crowded(1)
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('claimNextJob', [workers[0], 1, null])
	const second = await b!.waiting<Claim>('claimNextJob', [workers[1], 1, null])
	await a!.query('commit')
	await second.done
	await stage.submit(cpus(1))

	t.deepEqual([await reservedFor(db, workers[0]!), await reservedFor(db, workers[1]!)], [ids[0], null])
	t.is((await stage.claim(1, workers[1])).jobs.length, 1)
})

test.serial('the first one gives up: the other has it', async (t) => {
	const { workers, ids } = await crowded(1)
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('claimNextJob', [workers[0], 1, null])
	const second = await b!.waiting<Claim>('claimNextJob', [workers[1], 1, null])
	await a!.query('rollback')
	await second.done

	t.deepEqual([await reservedFor(db, workers[0]!), await reservedFor(db, workers[1]!)], [null, ids[0]])
})

test.serial('two reserved workers are free at once: each starts one of the large jobs', async (t) => {
	const { workers, held, ids } = await crowded(2)
	const sessions = await openSessions(db, 2)
	for (const worker of workers) await sessions[0]!.call('claimNextJob', [worker, 1, null])

	const answers = await Promise.all(sessions.map((session, n) => session.call<Claim>('claimNextJob', [workers[n], 1, report(held[n]!)])))

	t.deepEqual(answers.flatMap(([claimed]) => jobIds(claimed!)).sort(), [...ids].sort())
	t.deepEqual(await Promise.all(workers.map((worker) => reservedFor(db, worker))), [null, null])
})

test.serial('the large job is cancelled while its worker takes it: one of the two wins', async (t) => {
	const { stage, workers, held, ids } = await crowded(1)
	await stage.claim(1, workers[0])
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('cancelJob', [ids[0], null])
	const [claimed] = await b!.call<Claim>('claimNextJob', [workers[0], 1, report(held[0]!)])
	await a!.query('commit')

	t.deepEqual([claimed!.jobs, await stage.status(ids[0]!)], [[], 'cancelled'])
	await stage.claim(0, workers[0])
	await stage.claim(1, workers[0])
	t.is(await reservedFor(db, workers[0]!), null)
})

test.serial('eight workers and three large jobs: each has one worker at most, and all jobs run', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 4 })
	const sessions = await openSessions(db, 8)
	const workers = await Promise.all(sessions.map(() => stage.addWorker()))
	await db.query('select taskq.drain_worker($1)', [stage.worker])
	const small = await stage.submit(...Array(200).fill(cpus(1)))
	const ids = [...small, ...(await stage.submit(...Array(3).fill(cpus(4))))]
	await db.moveClock('60 seconds')
	const taken: string[] = []
	const errors = new Set<string>()

	await Promise.all(
		sessions.map(async (session, n) => {
			let outcomes: { claim_id: string; job_id: string; outcome: string }[] = []
			for (let idle = 0; idle < 20; ) {
				const answer = await outcomeOf(session.call<Claim>('claimNextJob', [workers[n], 2, JSON.stringify(outcomes.slice(0, 2))]))
				if (typeof answer === 'string') {
					errors.add(answer)
					continue
				}
				const [claimed] = answer
				taken.push(...jobIds(claimed!))
				outcomes = [
					...outcomes.slice(2),
					...jobIds(claimed!).map((job_id) => ({ claim_id: claimed!.claim_id!, job_id, outcome: 'completed' })),
				]
				idle = claimed!.jobs.length || outcomes.length ? 0 : idle + 1
			}
		}),
	)

	t.deepEqual(taken.sort(), ids.sort())
	t.deepEqual(
		[...errors].filter((code) => code !== '40P01'),
		[],
	)
})
