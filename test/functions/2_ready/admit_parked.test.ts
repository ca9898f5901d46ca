import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { submitWorkflow, workflowOf } from '../../support/graph.ts'
import { codesOf, explain, keyOf } from '../../support/resources.ts'
import { jobIds, makeStage, type Stage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

/** A stage whose jobs have one key. */
async function keyed(options: Record<string, unknown> = {}) {
	const stage = await makeStage(db, { task: options })
	const key = `key-${stage.type}`
	const one = { concurrency_key: key }
	return {
		stage,
		key,
		one,
		submit: (...requests: Record<string, unknown>[]) => stage.submit(...requests.map((request) => ({ ...one, ...request }))),
	}
}
const states = (stage: Stage, ids: string[]) => Promise.all(ids.map(stage.status))

test.serial('one job of a key runs at a time unless something else is said, and the others are parked', async (t) => {
	const { stage, key, submit } = await keyed()
	const ids = await submit({}, {}, {})

	const claimed = await stage.claim(5)

	t.deepEqual(jobIds(claimed), [ids[0]])
	t.deepEqual(await states(stage, ids), ['running', 'blocked', 'blocked'])
	t.deepEqual(await keyOf(db, key), { limit: 1, out: 1, parked: 2 })
})

test.serial(
	'a job says how many of its key may run, the latest that says something decides, and one that says nothing changes nothing',
	async (t) => {
		const { key, submit } = await keyed()
		const seen: unknown[] = []
		for (const request of [{ concurrency_limit: 2 }, {}, {}, { concurrency_limit: 3 }, {}, { concurrency_limit: 2 }, {}]) {
			await submit(request)
			seen.push(Object.values((await keyOf(db, key))!))
		}

		t.deepEqual(seen, [
			[2, 1, 0],
			[2, 2, 0],
			[2, 2, 1],
			[3, 3, 1],
			[3, 3, 2],
			[2, 3, 3],
			[2, 3, 4],
		])
	},
)

test.serial('a higher limit lets parked jobs go also when the job that says so has to wait for another', async (t) => {
	const { stage, key, submit } = await keyed()
	const [parent] = await stage.submit({ run_at: '2999-01-01T00:00:00Z' })
	await submit({}, {})
	await submit({ concurrency_limit: 2, depends_on: [parent] })

	t.deepEqual(await keyOf(db, key), { limit: 2, out: 2, parked: 0 })
})

test.serial('jobs of other keys and of none are not held up', async (t) => {
	const { stage, submit } = await keyed()
	const [first] = await submit({}, {})
	const [other, plain] = await stage.submit({ concurrency_key: `other-${stage.type}` }, {})

	t.deepEqual(jobIds(await stage.claim(5)).sort(), [first, other, plain].sort())
})

test.serial('a key holds over all queues and types', async (t) => {
	const { stage, one, submit } = await keyed()
	const second = await makeStage(db)
	await submit({})
	const [parked] = await second.submit({ ...one, queue: 'another' })
	const held = await stage.claim()

	t.deepEqual([jobIds(await second.claim()), await second.status(parked!)], [[], 'blocked'])
	await stage.complete(held)
	t.deepEqual(jobIds(await second.claim()), [parked])
})

test.serial('of the parked ones the highest priority goes first, then the one that came first', async (t) => {
	const { stage, submit } = await keyed()
	const ids = await submit({})
	ids.push(...(await submit({ priority: 4 }, { priority: 2 })), ...(await submit({ priority: 4 }, { priority: 1 }, { priority: 2 })))

	const order: string[] = []
	for (const _ of ids) {
		const claimed = await stage.claim(5)
		order.push(...jobIds(claimed))
		await stage.complete(claimed)
	}

	t.deepEqual(
		order,
		[0, 4, 2, 5, 1, 3].map((n) => ids[n]),
	)
})

const ends: Record<string, (stage: Stage, claimed: Awaited<ReturnType<Stage['claim']>>, id: string) => Promise<unknown>> = {
	completes: (stage, claimed) => stage.complete(claimed),
	fails: (stage, claimed) => stage.report(claimed, { outcome: 'failed', fatal: true }),
	'is cancelled while it runs': async (stage, claimed, id) => {
		await call(db.pool, 'cancelJob', [id, null])
		await stage.report(claimed, { outcome: 'cancelled' })
	},
	'waits for its retry': (stage, claimed) => stage.report(claimed, { outcome: 'failed' }),
	'times out': (stage, claimed) => stage.report(claimed, { outcome: 'timed_out', fatal: true }),
}
for (const [what, end] of Object.entries(ends)) {
	test.serial(`when a job ${what}, the next of its key goes`, async (t) => {
		const { stage, submit } = await keyed({ initial_delay_seconds: 3600 })
		const [first, second] = await submit({}, {}, {})
		const claimed = await stage.claim()

		await end(stage, claimed, first!)

		t.deepEqual(jobIds(await stage.claim(5)), [second])
	})
}

test.serial('when a ready job is cancelled, the next of its key goes', async (t) => {
	const { stage, submit } = await keyed()
	const [first, second] = await submit({}, {})

	await call(db.pool, 'cancelJob', [first, null])

	t.deepEqual(jobIds(await stage.claim(5)), [second])
})

test.serial('a job whose retry is due waits its turn', async (t) => {
	const { stage, submit } = await keyed({ initial_delay_seconds: 60 })
	const [first, second] = await submit({}, {})
	await stage.report(await stage.claim(), { outcome: 'failed' })
	const held = await stage.claim()
	await db.moveClock('61 seconds')

	const during = [jobIds(await stage.claim(5)), await codesOf(db, first!)]
	await stage.complete(held)
	const retried = await stage.claim(5)

	t.deepEqual([jobIds(held), during], [[second], [[], ['concurrency_limit']]])
	t.deepEqual(
		retried.jobs.map(({ job_id, attempt }) => [job_id, attempt]),
		[[first, 2]],
	)
})

for (const [what, sql] of Object.entries({
	lost: `select taskq_private.end_worker($1, 'lost', 'lost')`,
	stopped: 'select taskq.stop_worker($1)',
})) {
	test.serial(`a job whose worker is ${what} keeps its place, and runs again before the parked ones`, async (t) => {
		const { stage, key, submit } = await keyed()
		const [first] = await submit({})
		await submit({ priority: 1 })
		const other = await stage.addWorker()
		await stage.claim()

		await db.query(sql, [stage.worker])

		t.deepEqual(await keyOf(db, key), { limit: 1, out: 1, parked: 1 })
		t.deepEqual(jobIds(await stage.claim(5, other)), [first])
	})
}

test.serial('a job that is given back keeps its place', async (t) => {
	const { stage, submit } = await keyed()
	const [first] = await submit({}, {})
	await stage.report(await stage.claim(), { outcome: 'released' })

	t.deepEqual(jobIds(await stage.claim(5)), [first])
})

test.serial('a pending job takes its turn when it is due', async (t) => {
	const { stage, submit } = await keyed()
	const { at } = await db.row(`select taskq_private.clock() + interval '60 seconds' as at`)
	const [later, first] = await submit({ run_at: at.toISOString() }, {})
	const held = await stage.claim(5)
	await db.moveClock('61 seconds')

	const during = jobIds(await stage.claim(5))
	await stage.complete(held)

	t.deepEqual([jobIds(held), during, jobIds(await stage.claim(5))], [[first], [], [later]])
})

test.serial('a job whose parents are done takes its turn', async (t) => {
	const { stage, submit } = await keyed()
	const [parent] = await stage.submit({ priority: 1 })
	const [child] = await submit({ depends_on: [parent] })
	const [first] = await submit({})
	const held = await stage.claim(5)

	await stage.complete(held, [parent!])
	const during = [await stage.status(child!), await codesOf(db, child!)]
	await stage.complete(held, [first!])

	t.deepEqual(
		[jobIds(held), during],
		[
			[parent, first],
			['blocked', ['concurrency_limit']],
		],
	)
	t.deepEqual(jobIds(await stage.claim(5)), [child])
})

test.serial('a job that is replayed takes its turn', async (t) => {
	const { stage, submit } = await keyed()
	const [failed, next] = await submit({}, {})
	await stage.report(await stage.claim(), { outcome: 'failed', fatal: true })
	const held = await stage.claim()

	const { status } = (await call(db.pool, 'retryJob', [failed, false]))[0] as { status: string }
	const during = jobIds(await stage.claim(5))
	await stage.complete(held)

	t.deepEqual([jobIds(held), status, during, jobIds(await stage.claim(5))], [[next], 'blocked', [], [failed]])
})

test.serial('a parked job that is cancelled is gone, and takes no one’s place', async (t) => {
	const { stage, key, submit } = await keyed()
	const [first, second, third] = await submit({}, {}, {})
	await call(db.pool, 'cancelJob', [second, null])

	t.deepEqual([await stage.status(second!), await keyOf(db, key)], ['cancelled', { limit: 1, out: 1, parked: 1 }])
	await stage.complete(await stage.claim())
	t.deepEqual([jobIds(await stage.claim(5)), await stage.status(first!)], [[third], 'completed'])
})

test.serial('a parked job can be made to wait for another, and comes back to its place', async (t) => {
	const { stage, submit } = await keyed()
	const [first, second, third] = await submit({}, {}, {})
	const [parent] = await stage.submit({ priority: 1 })
	await call(db.pool, 'addDependency', [second, parent, 'success'])
	const reasons = await codesOf(db, second!)
	const held = await stage.claim(5)
	await stage.complete(held)
	const next = await stage.claim(5)
	await stage.complete(next)

	t.deepEqual([reasons, jobIds(held), jobIds(next), jobIds(await stage.claim(5))], [['blocked_by'], [parent, first], [third], [second]])
})

test.serial('an edge that is satisfied already leaves a parked job its place', async (t) => {
	const { stage, submit } = await keyed()
	const [done] = await stage.submit({})
	await stage.completeAll()
	const [, second, third] = await submit({}, {}, {})
	await db.moveClock('1 second')

	await call(db.pool, 'addDependency', [second, done, 'success'])
	await stage.complete(await stage.claim(5))

	t.deepEqual([jobIds(await stage.claim(5)), await stage.status(third!)], [[second], 'blocked'])
})

test.serial('a ready job that is made to wait lets the next go', async (t) => {
	const { stage, submit } = await keyed()
	const [first, second] = await submit({}, {})
	const [parent] = await stage.submit({ run_at: '2999-01-01T00:00:00Z' })

	await call(db.pool, 'addDependency', [first, parent, 'success'])

	t.deepEqual(jobIds(await stage.claim(5)), [second])
})

test.serial('a workflow of jobs with keys runs to its end, and one that is cancelled leaves nothing parked', async (t) => {
	const { stage, key, one } = await keyed()
	const run = await submitWorkflow(db, stage, { a: one, b: one, c: { ...one, depends_on: ['a', 'b'] }, d: one })
	const sizes: number[] = []
	for (let claimed = await stage.claim(5); claimed.jobs.length; claimed = await stage.claim(5)) {
		sizes.push(claimed.jobs.length)
		await stage.complete(claimed)
	}
	await call(db.pool, 'tick')
	const other = await submitWorkflow(db, stage, { a: one, b: one, c: { ...one, depends_on: ['a', 'b'] }, d: one })
	await call(db.pool, 'cancelWorkflow', [other.id, null])
	await call(db.pool, 'tick')

	t.deepEqual(
		[sizes, (await workflowOf(db, run.id)).status, (await workflowOf(db, other.id)).status],
		[[1, 1, 1, 1], 'completed', 'cancelled'],
	)
	t.deepEqual(await keyOf(db, key), { limit: 1, out: 0, parked: 0 })
})

test.serial('explain names the key, the place among the parked, and who is out', async (t) => {
	const { stage, key, submit } = await keyed()
	const [first, , last] = await submit({}, {}, { priority: 4 })
	await stage.claim()

	const [reason] = await explain(db, last!)

	t.like(reason, { code: 'concurrency_limit', details: { concurrency_key: key, max_running: 1, place_in_line: 2, job_ids: [first] } })
})

test.serial('a key is gone with its last job', async (t) => {
	const { stage, key, submit } = await keyed()
	const ids = await submit({}, {})
	for (const _ of ids) await stage.report(await stage.claim(), { outcome: 'failed', fatal: true })

	await call(db.pool, 'discardJob', [ids[0]])
	const left = await keyOf(db, key)
	await call(db.pool, 'discardJob', [ids[1]])

	t.deepEqual([left, await keyOf(db, key)], [{ limit: 1, out: 0, parked: 0 }, null])
})

test.serial('a limit set by hand goes up at once, and down without ending anything, and stays when no job has the key', async (t) => {
	const { stage, key, submit } = await keyed()
	const set = (max: number) => db.query('select taskq.set_concurrency_limit($1, $2)', [key, max])
	const seen: unknown[] = []
	const ids = await submit({}, {}, {}, {}, {})
	for (const max of [3, 1]) {
		await set(max)
		seen.push(Object.values((await keyOf(db, key))!))
	}
	await submit({ concurrency_limit: 9 })
	seen.push(Object.values((await keyOf(db, key))!))
	const held = await stage.claim(5)
	await stage.complete(held, jobIds(held).slice(0, 2))
	seen.push(Object.values((await keyOf(db, key))!))
	await stage.complete(held, jobIds(held).slice(2))
	seen.push(Object.values((await keyOf(db, key))!))

	t.deepEqual(seen, [
		[3, 3, 2],
		[1, 3, 2],
		[1, 3, 3],
		[1, 1, 3],
		[1, 1, 2],
	])
	t.is(ids.length, 5)
	await db.query('select taskq.cancel_job(job_id) from taskq.jobs where type = $1 and finished_at is null and status <> $2', [
		stage.type,
		'running',
	])
	await db.query(
		`select taskq_private.delete_jobs(array(select job_id from taskq.jobs where type = $1 and status in ('completed', 'cancelled')))`,
		[stage.type],
	)
	t.is((await keyOf(db, key))!.limit, 1)
})

test.serial('null takes back what was set by hand: what jobs say counts again', async (t) => {
	const { key, submit } = await keyed()
	const set = (max: number | null) => db.query('select taskq.set_concurrency_limit($1, $2)', [key, max])
	await submit({ concurrency_limit: 2 }, {}, {}, {})
	await set(3)
	await submit({ concurrency_limit: 2 })
	const seen = [await keyOf(db, key)]
	await set(null)
	seen.push(await keyOf(db, key))
	await submit({ concurrency_limit: 4 })
	seen.push(await keyOf(db, key))

	t.deepEqual(seen, [
		{ limit: 3, out: 3, parked: 2 },
		{ limit: 1, out: 3, parked: 2 },
		{ limit: 4, out: 4, parked: 2 },
	])
})

test.serial('a bad key or limit is refused, in a request and by hand', async (t) => {
	const { stage } = await keyed()
	const bad: Record<string, unknown>[] = [
		{ concurrency_key: '' },
		{ concurrency_key: 'x'.repeat(256) },
		{ concurrency_key: 1 },
		{ concurrency_limit: 2 },
	]
	const limits = [0, 1.5, 1_000_001, '1'].map((concurrency_limit) => ({ concurrency_key: 'k', concurrency_limit }))

	for (const request of [...bad, ...limits]) t.is(await sqlState(stage.submitOne(request)), 'TQ422', JSON.stringify(request))
	for (const [key, max] of [
		['', 1],
		[null, 1],
		['k', 0],
	])
		t.is(await sqlState(db.query('select taskq.set_concurrency_limit($1, $2)', [key, max])), 'TQ422', `${key} ${max}`)
})
