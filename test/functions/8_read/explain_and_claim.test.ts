import test from 'ava'
import fc from 'fast-check'
import { call } from '../../../db/calls.ts'
import { registerTypes, registerWorker, useDb } from '../../support/db.ts'
import { codesOf, explain, previewOf } from '../../support/resources.ts'
import { jobIds, jobIn, makeStage, type Stage } from '../../support/stage.ts'

const db = useDb(test)

const queues = ['e1', 'e2', 'e3']
const rarely = fc.constantFrom(...Array(11).fill(false), true)
const size = fc.constantFrom(2, 3, 4, 6) // no integers: those are mostly near their bounds
const amount = fc.constantFrom(0, 0, 1, 1, 2, 3)
const worker = fc.record({
	...{ cpuUnits: size, memoryMb: size, gpu: fc.constantFrom(0, 1, 2), concurrency: fc.constantFrom(1, 2, 4) },
	...{ queues: fc.option(fc.subarray(queues, { minLength: 1 }), { freq: 1 }), draining: rarely, both: fc.boolean() },
})
const job = fc.record({
	...{ cpu: amount, memory: amount, gpu: fc.constantFrom(0, 0, 0, 0, 1, 2) },
	...{ pool: fc.constantFrom(0, 0, 0, 1, 2), rate: fc.constantFrom(0, 0, 0, 0, 1) },
	...{ queue: fc.constantFrom('e1', 'e1', 'e2', 'e2', 'e3'), priority: fc.constantFrom(1, 2, 3, 3, 3, 4), other: rarely },
	...{ key: fc.constantFrom(null, null, null, 'a', 'b'), future: rarely, blocked: rarely },
})
const state = fc.record({
	workers: fc.array(worker, { minLength: 1, maxLength: 3, size: 'max' }),
	jobs: fc.array(job, { minLength: 4, maxLength: 14, size: 'max' }),
	capacity: fc.constantFrom(0, 1, 2, 3),
	burst: fc.constantFrom(1, 2, 3),
	queueLimit: fc.constantFrom(null, 0, 1, 3),
	typeLimit: fc.constantFrom(null, 1, 3, 5),
	aging: fc.constantFrom(null, 10, 100),
	running: fc.array(fc.constantFrom(0, 1, 2), { minLength: 1, maxLength: 3 }),
	wait: fc.constantFrom(0, 20, 60),
	late: fc.array(job, { maxLength: 5, size: 'max' }),
	expected: fc.constantFrom(1, 50, 1000),
})
type State = typeof state extends fc.Arbitrary<infer T> ? T : never
type Job = State['jobs'][number]

let round = 0

/** Makes a state of its own: types, pools and keys by its number, queues emptied before. */
async function build(state: State): Promise<{ stage: Stage; workers: string[]; concurrency: Map<string, number>; type2: string }> {
	const name = `r${++round}`
	await db.query(`select taskq.stop_worker(worker_id) from taskq.workers where status in ('active', 'draining')`)
	for (const { job_id } of await open()) await call(db.pool, 'cancelJob', [job_id, null]).catch(() => {}) // its parent took it along
	await db.query(`select taskq.delete_pool(pool) from taskq.list_pools()`)
	await db.query(`select taskq.set_pool($1, $2)`, [`${name}-pool`, state.capacity])
	await db.query(`select taskq.set_rate($1, $2, 3600)`, [`${name}-rate`, state.burst])
	const stage = await makeStage(db, { task: { timeout_seconds: 600 }, resources: { gpu: 1 } })
	const type2 = `${stage.type}-2`
	await registerTypes(db, { type: type2, timeout_seconds: 30 })
	await db.query('select taskq.stop_worker($1)', [stage.worker])
	await db.query(`select taskq.set_queue_aging('e1', $1)`, [state.aging])
	if (state.queueLimit !== null) await db.query(`select taskq.set_limit(queue => 'e1', max_running => $1)`, [state.queueLimit])
	if (state.typeLimit !== null) await db.query('select taskq.set_limit(type => $1, max_running => $2)', [stage.type, state.typeLimit])
	const concurrency = new Map<string, number>()
	const workers: string[] = []
	for (const { gpu, both, draining, ...options } of state.workers) {
		const types = both ? [stage.type, type2] : [stage.type]
		const id = await registerWorker(db, { ...options, types, resources: gpu ? { gpu } : {} })
		workers.push(id)
		concurrency.set(id, options.concurrency)
		if (draining) await call(db.pool, 'drainWorker', [id])
	}
	const submit = async (jobs: Job[]) => {
		for (const { cpu, memory, gpu, pool, rate, queue, priority, other, key, future, blocked } of jobs) {
			const parent = blocked && (await jobIn(stage, 'pending'))
			await stage.submitOne({
				...{ type: other ? type2 : stage.type, queue, priority, expected_seconds: state.expected },
				...{ run_at: future ? '2999-01-01T00:00:00Z' : undefined, depends_on: parent ? [parent] : [] },
				...(key ? { concurrency_key: `${name}-${key}`, concurrency_limit: 2 } : {}),
				resource_requirements: { cpu_units: cpu, memory_mb: memory, gpu, [`${name}-pool`]: pool, [`${name}-rate`]: rate },
			})
		}
	}
	await submit(state.jobs)
	for (const n of state.running) await stage.claim(1, workers[n % workers.length]!)
	await db.moveClock(`${state.wait} seconds`)
	for (const id of workers) await stage.claim(0, id)
	for (const n of state.running.slice(0, 1)) await stage.claim(1, workers[n % workers.length]!) // with old jobs: it may reserve
	await submit(state.late)
	return { stage, workers, concurrency, type2 }
}

const open = () => db.rows<{ job_id: string; status: string }>('select job_id, status from taskq.jobs where finished_at is null')

const seen = new Map<string, number>()

test.serial('over random states, explain says runnable for the workers whose claim takes the job, and for no others', async (t) => {
	await db.query(`select taskq.pause_queue('e3')`)
	await db.stopClock()

	await fc.assert(
		fc.asyncProperty(state, async (state) => {
			const { workers, concurrency } = await build(state)
			const told = new Map<string, string[]>()
			for (const { job_id, status } of await open()) {
				const reasons = await explain(db, job_id)
				for (const { code } of reasons) seen.set(code, (seen.get(code) ?? 0) + 1)
				if (reasons.length === 0) throw new Error(`nothing is said of job ${job_id}, which is ${status}`)
				if (reasons.some(({ code }) => code === 'runnable') && reasons.length > 1) throw new Error('runnable comes alone')
				if (reasons.some(({ details }) => details.reserved_worker_id)) seen.set('reserved', (seen.get('reserved') ?? 0) + 1)
				told.set(
					job_id,
					reasons.flatMap(({ code, details }) => (code === 'runnable' ? details.worker_ids : [])),
				)
			}

			for (const worker of workers) {
				const expected = [...told].filter(([, takers]) => takers.includes(worker)).map(([id]) => id)
				const preview = await previewOf(db, worker)
				const client = await db.pool.connect()
				await client.query('begin')
				const { rows } = await client.query('select * from taskq.claim_next_job($1, $2)', [worker, concurrency.get(worker)])
				await client.query('rollback') // so that each worker finds the state that was explained
				client.release()
				t.deepEqual([...preview].sort(), jobIds(rows[0]).sort(), 'preview and claim')
				t.deepEqual(expected.sort(), jobIds(rows[0]).sort(), 'explain and claim')
			}
			t.deepEqual(await db.breaches(), [])
		}),
		{ numRuns: 80, includeErrorInReport: true },
	)

	t.log(Object.fromEntries(seen))
	for (const code of [
		'runnable',
		'waiting_for_capacity',
		'pool_exhausted',
		'concurrency_limit',
		'queue_paused',
		'no_worker_for_type',
		'larger_than_every_worker',
		'blocked_by',
		'waiting_until',
		'running',
	])
		t.true(seen.has(code), code)
})

const move = fc.record({
	do: fc.constantFrom(
		'claim',
		'claim',
		'claim',
		'completed',
		'failed',
		'released',
		'fatal',
		'cancel',
		'submit',
		'capacity',
		'pool',
		'key',
		'lost',
		'wait',
	),
	n: fc.nat(20),
	size: fc.integer({ min: 1, max: 4 }),
	job,
})

test.serial('after random claims, outcomes, cancels and changes of limits the invariants hold', async (t) => {
	await db.query(`select taskq.resume_queue('e3')`)
	await fc.assert(
		fc.asyncProperty(state, fc.array(move, { minLength: 5, maxLength: 25 }), async (state, moves) => {
			const { stage, workers, type2 } = await build(state)
			const types = [stage.type, type2]
			const name = `r${round}`
			for (const { do: what, n, size, job } of moves) {
				const by = workers[n % workers.length]!
				const held = (await db.rows('select claim_id, job_ids[1] as job_id from taskq_private.claims where worker_id = $1', [by]))[0]
				if (what === 'claim') await stage.claim(size, by)
				else if (what === 'cancel') {
					const all = await open()
					if (all.length) await call(db.pool, 'cancelJob', [all[n % all.length]!.job_id, null])
				} else if (what === 'submit')
					await stage.submitOne({
						...{ queue: job.queue, priority: job.priority, type: types[Number(job.other)] },
						...(job.key ? { concurrency_key: `${name}-${job.key}`, concurrency_limit: n % 2 ? size : undefined } : {}),
						resource_requirements: { cpu_units: job.cpu, gpu: job.gpu, [`${name}-pool`]: job.pool },
					})
				else if (what === 'capacity') await call(db.pool, 'setWorkerCapacity', [by, size - 1, size, null])
				else if (what === 'pool') await call(db.pool, 'setPool', [`${name}-pool`, size - 1])
				else if (what === 'key') await db.query('select taskq.set_concurrency_limit($1, $2)', [`${name}-a`, size])
				else if (what === 'wait') await db.moveClock(`${size * 20} seconds`)
				else if (what === 'lost') {
					await db.query(`select taskq_private.end_worker($1, 'lost', 'lost')`, [by])
					workers[n % workers.length] = await registerWorker(db, { types, cpuUnits: size, memoryMb: size, resources: { gpu: 1 } })
				} else if (held) {
					const outcome = what === 'fatal' ? 'failed' : what
					await call(db.pool, 'claimNextJob', [by, n % 3, JSON.stringify([{ ...held, outcome, fatal: what === 'fatal' }])])
				}
				const breaches = await db.breaches()
				if (breaches.length) throw new Error(`after ${what}: ${breaches.join('; ')}`)
			}
		}),
		{ numRuns: 25, includeErrorInReport: true },
	)
	t.pass()
})

test.serial('a draining worker makes nothing runnable', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	await call(db.pool, 'drainWorker', [stage.worker])

	t.deepEqual(await codesOf(db, id), ['no_worker_for_type'])
})
