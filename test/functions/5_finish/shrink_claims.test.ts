import test from 'ava'
import fc from 'fast-check'
import { useDb } from '../../support/db.ts'
import { jobIds, makeStage } from '../../support/stage.ts'

const db = useDb(test)

const claimsOf = (worker: string) =>
	db.rows(
		`select c.claim_id, array_agg(u.job_id order by u.job_id) as job_ids
		from taskq_private.claims as c cross join unnest(c.job_ids, c.lane_ids, c.attempts) as u (job_id, lane_id, attempt)
		where c.worker_id = $1 group by c.claim_id order by c.claim_id`,
		[worker],
	)

test('a claim keeps just the jobs that still run, whichever end in whatever order', async (t) => {
	await fc.assert(
		fc.asyncProperty(fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }), async (rounds) => {
			const stage = await makeStage(db)
			const ids = await stage.submit(...Array(6).fill({}))
			const claimed = await stage.claim(6)
			let running = ids
			for (const round of rounds) {
				const ending = running.filter((_, n) => round[n])
				await stage.complete(claimed, ending)
				running = running.filter((id) => !ending.includes(id))
			}
			const expected = running.length ? [{ claim_id: claimed.claim_id, job_ids: running }] : []
			return JSON.stringify(await claimsOf(stage.worker)) === JSON.stringify(expected)
		}),
		{ numRuns: 20 },
	)
	t.pass()
})

test('outcomes of several claims in one call shrink each of them', async (t) => {
	const stage = await makeStage(db)
	await stage.submit({}, {}, {}, {})
	const [first, second] = [await stage.claim(2), await stage.claim(2)]
	const [a, b] = jobIds(first)

	await stage.complete(first, [a!])
	await stage.complete(second)

	t.deepEqual(await claimsOf(stage.worker), [{ claim_id: first.claim_id, job_ids: [b] }])
})
