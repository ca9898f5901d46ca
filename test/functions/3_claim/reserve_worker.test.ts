import test from 'ava'
import { useDb } from '../../support/db.ts'
import { cpus, explain, makePool, needs, previewOf, reservedFor } from '../../support/resources.ts'
import { jobIds, makeStage, type Stage } from '../../support/stage.ts'

const db = useDb(test)

/** A worker of 4 cpus that runs a job of 1 for long, and a job of 4 that has waited for a minute. */
async function withLarge(
	options: Record<string, unknown> = {},
): Promise<{ stage: Stage; large: string; held: Awaited<ReturnType<Stage['claim']>> }> {
	const stage = await makeStage(db, { cpuUnits: 4 })
	await stage.submitOne(cpus(1))
	const held = await stage.claim()
	const large = await stage.submitOne({ ...cpus(4), ...options })
	await db.moveClock('60 seconds')
	return { stage, large, held }
}

test.serial(
	'a job that is first in line and too large for now reserves its worker, after reserve_after_seconds and not before',
	async (t) => {
		const stage = await makeStage(db, { cpuUnits: 4 })
		await stage.submitOne(cpus(1))
		await stage.claim()
		const large = await stage.submitOne(cpus(4))

		const seen = []
		for (const wait of ['0', '29 seconds', '2 seconds']) {
			await db.moveClock(wait)
			await stage.claim()
			seen.push(await reservedFor(db, stage.worker))
		}

		t.deepEqual(seen, [null, null, large])
	},
)

test.serial('a setting says after how long', async (t) => {
	await db.query('select taskq.configure(reserve_after_seconds => 100)')
	const { stage, large } = await withLarge()
	await stage.claim()
	const seen = [await reservedFor(db, stage.worker)]
	await db.moveClock('41 seconds')
	await stage.claim()
	seen.push(await reservedFor(db, stage.worker))
	await db.query('select taskq.configure(reserve_after_seconds => 30)')

	t.deepEqual(seen, [null, large])
})

test.serial('the worker takes nothing that would delay the large job, and then the large job', async (t) => {
	const { stage, large, held } = await withLarge()
	const small = await stage.submit(cpus(1), cpus(1))

	const before = jobIds(await stage.claim(5))
	await stage.complete(held)
	const then = jobIds(await stage.claim(5))

	t.deepEqual([before, then, await Promise.all(small.map(stage.status))], [[], [large], ['ready', 'ready']])
	t.is(await reservedFor(db, stage.worker), null)
})

test.serial('other workers go on with small jobs', async (t) => {
	const { stage } = await withLarge()
	const other = await stage.addWorker({ cpuUnits: 2 })
	await stage.claim()
	const [small] = await stage.submit(cpus(1))

	t.deepEqual(jobIds(await stage.claim(5, other)), [small])
})

test.serial('a claim of one job takes the large job and no other with it', async (t) => {
	const { stage, large, held } = await withLarge({ resource_requirements: { cpu_units: 3.5 } })
	await stage.claim()
	await stage.submit(cpus(0.5), cpus(0.25))
	await stage.complete(held)

	const preview = await previewOf(db, stage.worker, 1)
	const claimed = jobIds(await stage.claim(1))

	t.deepEqual([preview, claimed], [[large], [large]])
})

test.serial('the large job goes alone, and the next claim takes what fits beside it', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 4 })
	await stage.submitOne(cpus(3))
	const held = await stage.claim()
	const larges = await stage.submit(cpus(2), cpus(2))
	await db.moveClock('60 seconds')
	await stage.claim()
	const reserved = await reservedFor(db, stage.worker)
	await stage.submit(cpus(1))
	await stage.complete(held)

	const preview = await previewOf(db, stage.worker, 5)
	const claims = [jobIds(await stage.claim(5)), jobIds(await stage.claim(5))]

	t.deepEqual([reserved, preview, claims], [larges[0], [larges[0]], [[larges[0]], [larges[1]]]])
})

test.serial('a job takes a worker’s room beside the large one when both will fit', async (t) => {
	const { stage, held } = await withLarge({ resource_requirements: { cpu_units: 3.5 } })
	const [small] = await stage.submit(cpus(0.5), cpus(0.5))

	t.deepEqual(jobIds(await stage.claim(5)), [small])
	await stage.complete(held)
	t.is((await stage.claim(5)).jobs.length, 1)
})

test.serial('while better jobs flow, a job of lower priority reserves nothing', async (t) => {
	const { stage, large } = await withLarge({ priority: 'low' })
	const better = await stage.submit({ ...cpus(1), priority: 'high' }, { ...cpus(1), priority: 'high' })

	const taken = [jobIds(await stage.claim(1)), jobIds(await stage.claim(1))].flat()
	const during = await reservedFor(db, stage.worker)
	await stage.claim(1)

	t.deepEqual([taken, during, await reservedFor(db, stage.worker)], [better, null, large])
})

test.serial('a low job has no worker kept free while urgent ones wait, though those do not fit just now either', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 1 })
	await stage.submitOne(cpus(1))
	const held = await stage.claim()
	const low = await stage.submitOne({ ...cpus(1), priority: 'low' })
	await db.moveClock('60 seconds')
	const urgent = await stage.submit({ ...cpus(1), priority: 'high' }, { ...cpus(0.5), priority: 'normal' })

	await stage.claim()
	const reserved = await reservedFor(db, stage.worker)
	await stage.complete(held)

	t.deepEqual(
		[reserved, jobIds(await stage.claim()), await stage.status(low), await stage.status(urgent[1]!)],
		[null, [urgent[0]], 'ready', 'ready'],
	)
})

test.serial('jobs that came before it go first, also when they are small', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 4 })
	await stage.submitOne(cpus(1))
	await stage.claim()
	const before = await stage.submit(cpus(1))
	await stage.submitOne(cpus(4))
	await db.moveClock('60 seconds')

	t.deepEqual(jobIds(await stage.claim(1)), before)
	t.is(await reservedFor(db, stage.worker), null)
})

test.serial('a job reserves one worker, and the next large job another', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 4 })
	const workers = [stage.worker, await stage.addWorker(), await stage.addWorker()]
	await stage.submit(...workers.map(() => cpus(1)))
	for (const worker of workers) await stage.claim(1, worker)
	const [first, second] = [await stage.submitOne(cpus(4)), await stage.submitOne(cpus(4))]
	await db.moveClock('60 seconds')

	for (const worker of [...workers, ...workers]) await stage.claim(1, worker)

	t.deepEqual(await Promise.all(workers.map((worker) => reservedFor(db, worker))), [first, second, null])
})

test.serial('two large jobs that are not alike reserve two workers', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 4 })
	const workers = [stage.worker, await stage.addWorker()]
	await stage.submit(cpus(1), cpus(1))
	for (const worker of workers) await stage.claim(1, worker)
	const larges = [await stage.submitOne(cpus(4)), await stage.submitOne(cpus(3.5))]
	await db.moveClock('60 seconds')

	for (const worker of workers) await stage.claim(1, worker)

	t.deepEqual(await Promise.all(workers.map((worker) => reservedFor(db, worker))), larges)
})

test.serial('when the second reserved worker is free first, the first one is kept for the job that is left', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 4 })
	const workers = [stage.worker, await stage.addWorker()]
	await stage.submit(cpus(1), cpus(1))
	const held = [await stage.claim(1, workers[0]), await stage.claim(1, workers[1])]
	const larges = [await stage.submitOne(cpus(4)), await stage.submitOne(cpus(4))]
	await db.moveClock('60 seconds')
	for (const worker of workers) await stage.claim(1, worker)

	await db.query(`select taskq.complete_job($1, $2)`, [held[1]!.claim_id, jobIds(held[1]!)[0]])
	const first = jobIds(await stage.claim(1, workers[1]))
	await stage.submit(cpus(1))
	const small = jobIds(await stage.claim(1, workers[0]))
	const reserved = await reservedFor(db, workers[0]!)
	await stage.complete(held[0]!)
	const second = jobIds(await stage.claim(1, workers[0]))

	t.deepEqual([first, small, reserved, second], [[larges[0]], [], larges[1], [larges[1]]])
})

const departures: Record<string, (stage: Stage, large: string) => Promise<unknown>> = {
	'is cancelled': (_, large) => db.query('select taskq.cancel_job($1)', [large]),
	'is taken by another worker': async (stage, large) => {
		const [taken] = jobIds(await stage.claim(1, await stage.addWorker({ cpuUnits: 8 })))
		if (taken !== large) throw new Error('the other worker was expected to take the large job')
	},
	'is made to wait for another job': async (stage, large) =>
		db.query('select taskq.add_dependency($1, $2)', [large, await stage.submitOne({ run_at: '2999-01-01T00:00:00Z' })]),
	'is of a queue that is paused': (_, large) => db.query('select taskq.pause_queue(queue) from taskq.jobs where job_id = $1', [large]),
}
for (const [what, depart] of Object.entries(departures)) {
	test.serial(`a worker is free again when the large job ${what}`, async (t) => {
		const { stage, large } = await withLarge({ queue: `q${Object.keys(departures).indexOf(what)}` })
		await stage.claim()
		const before = await reservedFor(db, stage.worker)

		await depart(stage, large)
		const [small] = await stage.submit(cpus(1))

		t.deepEqual([before, jobIds(await stage.claim(1))], [large, [small]])
		t.is(await reservedFor(db, stage.worker), null)
	})
}

const ends: Record<string, string> = {
	lost: `select taskq_private.end_worker($1, 'lost', 'lost')`,
	stopped: 'select taskq.stop_worker($1)',
	drained: 'select taskq.drain_worker($1)',
	'made too small': 'select taskq.set_worker_capacity($1, cpu_units => 3)',
}
for (const [what, sql] of Object.entries(ends)) {
	test.serial(`when the reserved worker is ${what}, the job can reserve another`, async (t) => {
		const { stage, large } = await withLarge()
		const other = await stage.addWorker()
		await stage.claim()
		await stage.submitOne({ ...cpus(1), priority: 1 })
		await stage.claim(1, other)
		const before = await reservedFor(db, stage.worker)

		await db.query(sql, [stage.worker])
		if (what === 'made too small') await stage.claim()
		for (const _ of [1, 2]) await stage.claim(1, other) // what the first one held may come first

		t.deepEqual([before, await reservedFor(db, other)], [large, large])
	})
}

test.serial('a job that waits for a pool and not for room reserves nothing', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 4 })
	const pool = await makePool(db, stage, 1)
	await stage.submit(needs({ cpu_units: 1, [pool]: 1 }))
	await stage.claim()
	await stage.submit(needs({ cpu_units: 4, [pool]: 1 }))
	await db.moveClock('60 seconds')
	const [small] = await stage.submit(cpus(1))

	t.deepEqual(jobIds(await stage.claim()), [small])
	t.is(await reservedFor(db, stage.worker), null)
})

test.serial('a job reserves for a gpu as for cpu', async (t) => {
	const stage = await makeStage(db, { resources: { gpu: 2 } })
	await stage.submit(needs({ gpu: 1 }))
	const held = await stage.claim()
	const large = await stage.submitOne(needs({ gpu: 2 }))
	await db.moveClock('60 seconds')
	const [one, plain] = await stage.submit(needs({ gpu: 1 }), {})

	const during = jobIds(await stage.claim(5))
	await stage.complete(held)

	t.deepEqual([during, jobIds(await stage.claim(1)), await stage.status(one!)], [[plain], [large], 'ready'])
})

test.serial('explain says that a worker is kept free for it', async (t) => {
	const { stage, large } = await withLarge()
	await stage.claim()

	const [reason] = await explain(db, large)

	t.like(reason, { code: 'waiting_for_capacity', details: { reserved_worker_id: stage.worker, place_in_line: 1 } })
})

test.serial('a preview reserves nothing', async (t) => {
	const { stage } = await withLarge()

	await previewOf(db, stage.worker)

	t.is(await reservedFor(db, stage.worker), null)
})
