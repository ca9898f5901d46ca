import test from 'ava'
import fc from 'fast-check'
import { useDb } from '../../support/db.ts'
import { makeRate, needs } from '../../support/resources.ts'
import { jobIds, makeStage, type Stage } from '../../support/stage.ts'

const db = useDb(test)
test.beforeEach(() => db.stopClock())
test.afterEach.always(() =>
	db.query(
		`select taskq.delete_pool(pool) from taskq.list_pools() where refill_per_second is not null and (queue is not null or type is not null)`,
	),
)

const takenNow = async (stage: Stage, maxJobs = 100): Promise<number> => (await stage.claim(maxJobs)).jobs.length
const tokens = async (pool: string): Promise<number> =>
	(await db.row('select taskq_private.pool_tokens(p) as tokens from taskq_private.resource_pools as p where pool = $1', [pool])).tokens

test.serial('a rate lets its burst go at once, and then so many in a time', async (t) => {
	const stage = await makeStage(db)
	const pool = await makeRate(db, stage, 60, 60, 5)
	await stage.submit(...Array(20).fill(needs({ [pool]: 1 })))

	const taken = [await takenNow(stage), await takenNow(stage)]
	for (const wait of ['1 second', '0.5 seconds', '0.5 seconds', '3 seconds', '1 hour']) {
		await db.moveClock(wait)
		taken.push(await takenNow(stage))
	}

	t.deepEqual(taken, [5, 0, 1, 0, 1, 3, 5])
})

test.serial('without a burst a whole time’s amount may go at once', async (t) => {
	const stage = await makeStage(db)
	const pool = await makeRate(db, stage, 3, 60)
	await stage.submit(...Array(9).fill(needs({ [pool]: 1 })))

	const taken = [await takenNow(stage)]
	await db.moveClock('20 seconds')
	taken.push(await takenNow(stage))

	t.deepEqual(taken, [3, 1])
})

test.serial('next_due_in_seconds is the wait, to the millisecond: then a claim takes one, before it does not', async (t) => {
	for (const [amount, perSeconds] of [
		[1, 1],
		[100, 60],
		[7, 3],
		[1, 3600],
	]) {
		const stage = await makeStage(db)
		const pool = await makeRate(db, stage, amount!, perSeconds!, 1)
		await stage.submit(...Array(3).fill(needs({ [pool]: 1 })))
		await db.moveClock('1 day') // waits of earlier rates are over
		const { next_due_in_seconds: wait } = await stage.claim(5)
		await db.moveClock(`${wait! - 0.001} seconds`)
		const early = await takenNow(stage)
		await db.moveClock('0.002 seconds') // a timer's precision

		t.true(Math.abs(wait! - perSeconds! / amount!) < 0.0001, `${wait} s`)
		t.deepEqual([early, await takenNow(stage)], [0, 1])
		await stage.claim(0)
		await db.query('select taskq.cancel_job(job_id) from taskq.jobs where type = $1 and status = $2', [stage.type, 'ready'])
	}
})

test.serial('what a job took of a rate is spent: it does not come back when the job ends', async (t) => {
	const stage = await makeStage(db)
	const pool = await makeRate(db, stage, 1, 60)
	await stage.submit(needs({ [pool]: 1 }), needs({ [pool]: 1 }))

	await stage.complete(await stage.claim(5))

	t.is(await takenNow(stage), 0)
})

test.serial('a job that asks for more than the burst never goes, and does not hold up others', async (t) => {
	const stage = await makeStage(db)
	const pool = await makeRate(db, stage, 2, 1)
	const [, one] = await stage.submit(needs({ [pool]: 3 }), needs({ [pool]: 1 }))
	await db.moveClock('1 day')

	t.deepEqual(jobIds(await stage.claim(5)), [one])
	t.is((await stage.claim(5)).next_due_in_seconds, null)
})

test.serial('a rate limit of a type and one of a queue hold at once, with a pool', async (t) => {
	const stage = await makeStage(db)
	const pool = await makeRate(db, stage, 4, 60)
	await db.query('select taskq.set_rate_limit(type => $1, jobs => 3, per_seconds => 60)', [stage.type])
	await db.query(`select taskq.set_rate_limit(queue => 'slow', jobs => 1, per_seconds => 60)`)
	await stage.submit(...Array(5).fill({ queue: 'slow' }), ...Array(5).fill(needs({ [pool]: 1 })))

	const claimed = await stage.claim(100)

	t.deepEqual([claimed.jobs.length, claimed.jobs.filter(({ queue }) => queue === 'slow').length], [3, 1])
})

test.serial(
	'over random waits and claims there are never fewer tokens than 0 nor more than the burst, and no more go than the rate allows',
	async (t) => {
		const wait = fc.double({ min: 0, max: 3, noNaN: true, noDefaultInfinity: true })
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.tuple(wait, fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 20 }),
				fc.integer({ min: 1, max: 50 }),
				fc.integer({ min: 1, max: 30 }),
				fc.integer({ min: 1, max: 5 }),
				async (steps, amount, perSeconds, burst) => {
					const stage = await makeStage(db)
					const pool = await makeRate(db, stage, amount, perSeconds, burst)
					await stage.submit(...Array(30).fill(needs({ [pool]: 1 })))
					let [taken, passed] = [0, 0]
					for (const [seconds, maxJobs] of steps) {
						const whole = Math.floor(seconds * 1e6) / 1e6
						await db.moveClock(`${whole} seconds`)
						passed += whole
						taken += await takenNow(stage, maxJobs)
						const left = await tokens(pool)
						if (left < 0 || left > burst || taken > burst + (passed * amount) / perSeconds + 1e-4) return false
					}
					await db.query('delete from taskq_private.resource_pools where pool = $1', [pool])
					return true
				},
			),
			{ numRuns: 40 },
		)
		t.pass()
	},
)
