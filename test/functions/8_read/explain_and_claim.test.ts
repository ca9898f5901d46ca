import test from 'ava'
import fc from 'fast-check'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { jobIds, jobIn, makeStage } from '../../support/stage.ts'

const db = useDb(test)

const queues = ['e1', 'e2', 'e3']
const rarely = fc.constantFrom(false, false, false, true)
const worker = fc.record({
	cpuUnits: fc.integer({ min: 0, max: 3 }),
	memoryMb: fc.integer({ min: 0, max: 3 }),
	queues: fc.option(fc.subarray(queues)),
	draining: rarely,
})
const job = fc.record({
	cpu: fc.integer({ min: 0, max: 3 }),
	memory: fc.integer({ min: 0, max: 3 }),
	queue: fc.constantFrom(...queues),
	future: rarely,
	blocked: rarely,
})

test('explain says that a job only waits for capacity if and only if a claim of idle workers takes it', async (t) => {
	await db.query(`select taskq.pause_queue('e3')`)
	let taken = 0

	await fc.assert(
		fc.asyncProperty(fc.array(worker, { minLength: 1, maxLength: 3 }), job, async (workers, { cpu, memory, queue, future, blocked }) => {
			const stage = await makeStage(db)
			const parent = blocked && (await jobIn(stage, 'pending'))
			await db.query('select taskq.stop_worker($1)', [stage.worker])
			const idle = await Promise.all(workers.map((options) => stage.addWorker(options)))
			for (const [n, { draining }] of workers.entries()) if (draining) await call(db.pool, 'drainWorker', [idle[n]])
			const id = await stage.submitOne({
				...{ queue, resource_requirements: { cpu_units: cpu, memory_mb: memory } },
				...{ run_at: future ? '2999-01-01T00:00:00Z' : undefined, depends_on: parent ? [parent] : [] },
			})

			const reasons = (await call(db.pool, 'explainJob', [id])).map(({ code }) => code)
			const claims = await Promise.all(idle.map((by) => stage.claim(5, by)))

			const isTaken = claims.flatMap(jobIds).includes(id)
			taken += Number(isTaken)
			return isTaken === (reasons.join() === 'waiting_for_capacity')
		}),
		{ numRuns: 150 },
	)

	t.true(taken > 0)
})
