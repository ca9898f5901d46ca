import test from 'ava'
import fc from 'fast-check'
import { useDb } from '../../support/db.ts'
import { jobIds, makeStage } from '../../support/stage.ts'

const db = useDb(test)

const needs = (cpu_units: number, memory_mb: number) => ({ resource_requirements: { cpu_units, memory_mb } })

test.serial('jobs are taken while they fit in cpu', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 3, memoryMb: 1000 })
	await stage.submit(...Array(5).fill(needs(1, 0)))

	t.is((await stage.claim(100)).jobs.length, 3)
	t.is((await stage.claim(100)).jobs.length, 0)
})

test.serial('jobs are taken while they fit in memory', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 100, memoryMb: 1000 })
	await stage.submit(...Array(5).fill(needs(1, 300)))

	t.is((await stage.claim(100)).jobs.length, 3)
	t.is((await stage.claim(100)).jobs.length, 0)
})

test.serial('decimals add up without an error', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 1, memoryMb: 0 })
	await stage.submit(...Array(12).fill(needs(0.1, 0)))

	t.is((await stage.claim(100)).jobs.length, 10)
	t.is((await stage.claim(100)).jobs.length, 0)
})

test.serial('one that does not fit now is passed over, and does not hold up what is behind it', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 4, memoryMb: 1000 })
	const [, large, small] = await stage.submit(needs(2, 0), needs(3, 0), needs(2, 0))

	const first = await stage.claim(100)
	await stage.complete(first)
	const second = await stage.claim(100)

	t.deepEqual([first.jobs.length, jobIds(first).includes(small!), jobIds(second)], [2, true, [large]])
})

test.serial('one that is larger than the worker is never given to it', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 4, memoryMb: 1000 })
	const large = await stage.addWorker({ cpuUnits: 8 })
	const id = await stage.submitOne(needs(4.001, 1))

	t.deepEqual([jobIds(await stage.claim(5)), jobIds(await stage.claim(5, large))], [[], [id]])
})

test.serial('a worker of no capacity takes jobs that need none', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 0, memoryMb: 0 })
	const [free] = await stage.submit(needs(0, 0), needs(0.001, 0), needs(0, 1))

	t.deepEqual(jobIds(await stage.claim(5)), [free])
})

test.serial('what ended or was given back is free again', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 4, memoryMb: 100, task: { initial_delay_seconds: 3600 } })
	await stage.submit(...Array(5).fill(needs(1, 25)))
	const held = await stage.claim(100)
	const [a, b, c, d] = jobIds(held)

	await stage.report(held, { outcome: 'completed' }, [a!])
	await stage.report(held, { outcome: 'failed' }, [b!])
	await stage.report(held, { outcome: 'released' }, [c!])

	const next = jobIds(await stage.claim(100))
	t.is(next.length, 2)
	t.true(next.includes(c!) && !next.includes(d!))
})

const job = fc.record({
	cpu: fc.integer({ min: 0, max: 5000 }),
	memory: fc.integer({ min: 0, max: 600 }),
	priority: fc.integer({ min: 1, max: 10 }),
})

const round = fc.record({ maxJobs: fc.integer({ min: 1, max: 8 }), ending: fc.array(fc.boolean(), { maxLength: 8 }) })

test.serial('over random jobs and rounds no worker exceeds its capacity, and none leaves out a job that fits', async (t) => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(job, { minLength: 1, maxLength: 25 }),
			fc.array(round, { minLength: 1, maxLength: 5 }),
			async (jobs, rounds) => {
				const stage = await makeStage(db, { cpuUnits: 10, memoryMb: 1000 })
				await stage.submit(...jobs.map(({ cpu, memory, priority }) => ({ ...needs(cpu / 1000, memory), priority })))
				for (const { maxJobs, ending } of rounds) {
					const claimed = await stage.claim(maxJobs)
					const free = await db.row(
						'select cpu_units - granted_cpu_units as cpu, memory_mb - granted_memory_mb as memory from taskq.workers where worker_id = $1',
						[stage.worker],
					)
					const { fitting } = await db.row(
						`select count(*)::int as fitting from taskq.jobs where type = $1 and status = 'ready' and cpu_units <= $2 and memory_mb <= $3`,
						[stage.type, free.cpu, free.memory],
					)
					if (free.cpu < 0 || free.memory < 0 || claimed.jobs.length > maxJobs) return false
					if (claimed.jobs.length < maxJobs && fitting > 0) return false
					await stage.complete(
						claimed,
						jobIds(claimed).filter((_, n) => ending[n]),
					)
				}
				return true
			},
		),
		{ numRuns: 40 },
	)
	t.pass()
})
