import test from 'ava'
import fc from 'fast-check'
import { type Claim, callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { openSessions, type Session } from '../../support/sessions.ts'
import { jobIds, makeStage } from '../../support/stage.ts'

const db = useDb(test)

const free = async (session: Session | typeof db, worker: string) =>
	(await session.query('select (taskq_private.free_capacity(w)).* from taskq_private.workers as w where w.worker_id = $1', [worker]))
		.rows[0]

test('whatever two sessions claim and end for two workers, one that remembers what they held sees what one sees that does not', async (t) => {
	const [a, b] = await openSessions(db, 2)
	const step = fc.record({ by: fc.constantFrom(a!, b!), worker: fc.nat(1), jobs: fc.nat(2), ends: fc.nat(3), keeps: fc.boolean() })
	await fc.assert(
		fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
			const stage = await makeStage(db, { cpuUnits: 50, task: { cpu_units: 1 } })
			const workers = [stage.worker, await stage.addWorker()]
			const held: Claim[][] = [[], []]
			await stage.submit(...Array(30).fill({}))
			for (const { by, worker, jobs, ends, keeps } of steps) {
				const ending = held[worker]!.splice(0, ends).flatMap((claimed) =>
					jobIds(claimed).map((job_id) => ({ claim_id: claimed.claim_id, job_id, outcome: 'completed' })),
				)
				const [claimed] = await by.call<Claim>('claimNextJob', [workers[worker], jobs, JSON.stringify(ending)])
				if (claimed!.jobs.length > 0) held[worker]!.push(claimed!)
				if (keeps) await by.query(`select taskq_private.keep_held($1, '{}', 0)`, [workers[worker]])
			}
			for (const worker of workers) {
				const truth = await free(db, worker)
				t.deepEqual([await free(a!, worker), await free(b!, worker)], [truth, truth])
			}
			await callOne(db.pool, 'stopWorker', [workers[0]])
			await callOne(db.pool, 'stopWorker', [workers[1]])
		}),
		{ numRuns: 20 },
	)
})
