import test from 'ava'
import fc from 'fast-check'
import { useDb } from '../../support/db.ts'
import { makeStage } from '../../support/stage.ts'

const db = useDb(test)

interface Rule {
	initial_delay_seconds: number
	backoff_multiplier: number
	max_delay_seconds: number
	jitter: number
}

async function delayOf(rule: Rule, attempt: number): Promise<number> {
	const spec = JSON.stringify(rule)
	const sql = 'select taskq_private.retry_delay(jsonb_populate_record(null::taskq_private.job_specs, $1), $2::smallint) as seconds'
	return (await db.row(sql, [spec, attempt])).seconds
}

test('without jitter the delay is initial × multiplier ^ (attempt - 1)', async (t) => {
	const rule = { initial_delay_seconds: 2, backoff_multiplier: 3, max_delay_seconds: 1e6, jitter: 0 }

	t.deepEqual(await Promise.all([1, 2, 3, 4, 5].map((attempt) => delayOf(rule, attempt))), [2, 6, 18, 54, 162])
})

test('no delay is longer than max_delay_seconds, however many attempts there were', async (t) => {
	const rule = { initial_delay_seconds: 1, backoff_multiplier: 100, max_delay_seconds: 60, jitter: 0 }

	t.deepEqual(await Promise.all([1, 2, 1000].map((attempt) => delayOf(rule, attempt))), [1, 60, 60])
})

test('a multiplier of 1 waits the same each time, a delay of 0 not at all', async (t) => {
	const same = { initial_delay_seconds: 5, backoff_multiplier: 1, max_delay_seconds: 60, jitter: 0 }

	t.is(await delayOf(same, 500), 5)
	t.is(await delayOf({ ...same, initial_delay_seconds: 0, jitter: 1 }, 3), 0)
})

const rules = fc.record({
	initial_delay_seconds: fc.integer({ min: 0, max: 1000 }),
	backoff_multiplier: fc.integer({ min: 1, max: 10 }),
	max_delay_seconds: fc.integer({ min: 0, max: 10_000 }),
	jitter: fc.constantFrom(0.125, 0.5, 1),
})

test('jitter adds up to its share and takes nothing away', async (t) => {
	await fc.assert(
		fc.asyncProperty(rules, fc.integer({ min: 1, max: 20 }), async (rule, attempt) => {
			const base = Math.min(rule.initial_delay_seconds * rule.backoff_multiplier ** (attempt - 1), rule.max_delay_seconds)
			const delay = await delayOf(rule, attempt)
			return delay >= base && delay <= base * (1 + rule.jitter)
		}),
		{ numRuns: 100 },
	)
	t.pass()
})

test('a failed job is due after just that delay', async (t) => {
	const retry_config = { initial_delay_seconds: 100, backoff_multiplier: 2, jitter: 0, max_attempts: 5 }
	const stage = await makeStage(db)
	const id = await stage.submitOne({ retry_config })
	const delays: number[] = []
	for (let attempt = 1; attempt <= 3; attempt++) {
		await stage.report(await stage.claim(), { outcome: 'failed' })
		const { due_in } = await db.row(
			'select extract(epoch from due_at - taskq_private.clock())::float8 as due_in from taskq.jobs where job_id = $1',
			[id],
		)
		delays.push(Math.ceil(due_in))
		await db.moveClock(`${delays.at(-1)} seconds`)
	}

	t.deepEqual(delays, [100, 200, 400])
})
