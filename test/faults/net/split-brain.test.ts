/** T10: the standby was promoted, and the old primary is still up and takes writes from those who still reach it. */
import test from 'ava'
import { call } from '../../../db/calls.ts'
import { claim, registerTypes, registerWorker, statusOf, submit } from '../../support/db.ts'
import { until } from '../../support/patience.ts'
import { jobIds, sqlState } from '../../support/stage.ts'
import type { Cluster } from '../cluster.ts'
import { makePair, missing, type Pair } from './pair.ts'

/** The link breaks and the standby is promoted; nobody has told the primary. */
async function split({ standby, link, proxy }: Pair): Promise<void> {
	await link.close()
	await standby.promote()
	proxy.targetPort = standby.port
	proxy.reset()
}

async function makeJobs(pair: Pair, count: number): Promise<{ ids: string[]; workers: [string, string] }> {
	const { primary, standby } = pair
	await registerTypes(primary.db, 'quick')
	const workers = [await registerWorker(primary.db, { types: ['quick'] }), await registerWorker(primary.db, { types: ['quick'] })]
	const ids: string[] = []
	for (let n = 0; n < count; n++) ids.push((await submit(primary.db, { type: 'quick' })).id)
	await until(async () => (await missing(standby, ids)) === 0 && (await standby.rows('select from taskq.workers')).length === 2)
	return { ids, workers: workers as [string, string] }
}

const complete = (at: Cluster, claimId: string, jobId: string) => call(at.db.pool, 'completeJob', [claimId, jobId, '1'])

test.serial('with an asynchronous standby both sides take what they are asked; no report counts on the other side', async (t) => {
	const pair = await makePair(t)
	const { primary, standby } = pair
	const { ids, workers } = await makeJobs(pair, 10)

	await split(pair)
	const [old, young] = [await claim(primary.db, workers[0], 10), await claim(standby.db, workers[1], 10)]
	const stray = await submit(primary.db, { type: 'quick' })

	// not promised: each side gives out what both had, so a job may be run twice, and what the old one takes is only there
	t.deepEqual([jobIds(old).sort(), jobIds(young).sort()], [ids.toSorted(), ids.toSorted()])
	t.is(await missing(standby, [stray.id]), 1)
	// promised: a claim's number is of one side, and a report of the other side changes nothing
	t.not(old.claim_id, young.claim_id)
	for (const id of ids) {
		t.is(await sqlState(complete(standby, old.claim_id!, id)), 'TQ411')
		t.is(await sqlState(complete(primary, young.claim_id!, id)), 'TQ411')
	}
	const late = ids.map((job_id) => ({ claim_id: old.claim_id!, job_id, outcome: 'completed' as const }))
	t.deepEqual((await claim(standby.db, workers[0], 0, late)).rejected.toSorted(), ids.toSorted())
	t.deepEqual(new Set(await Promise.all(ids.map((id) => statusOf(standby.db, id)))), new Set(['running']))
	for (const id of ids) await complete(standby, young.claim_id!, id)
	const ends = await standby.rows(`select job_id from taskq.job_executions where outcome = 'completed'`)
	t.is(ends.length, ids.length)
	for (const server of [primary, standby]) t.deepEqual(await server.breaches(), [])
})

test.serial('with a synchronous standby the old primary acknowledges nothing any more: no submit, no claim, no report', async (t) => {
	const pair = await makePair(t, true)
	const { primary, standby } = pair
	const { ids, workers } = await makeJobs(pair, 3)
	const held = await claim(primary.db, workers[0])
	await until(async () => (await standby.rows(`select from taskq.jobs where status = 'running'`)).length === 1)

	await split(pair)
	let answered = 0
	const asked = [
		submit(primary.db, { type: 'quick' }),
		claim(primary.db, workers[1]),
		complete(primary, held.claim_id!, jobIds(held)[0]!),
	].map((statement) =>
		statement.then(
			() => answered++,
			() => undefined,
		),
	)
	await until(async () => (await primary.backends(`state = 'active' and wait_event in ('SyncRep', 'object')`)).length === asked.length)
	const young = await claim(standby.db, workers[1], 10)
	await complete(standby, held.claim_id!, jobIds(held)[0]!)
	await primary.stop('immediate')
	await Promise.all(asked)

	t.is(answered, 0)
	t.deepEqual(jobIds(young).sort(), ids.filter((id) => id !== jobIds(held)[0]).sort())
	t.is(await statusOf(standby.db, jobIds(held)[0]!), 'completed', 'a claim that both know is good where taskq goes on')
	t.deepEqual(await standby.breaches(), [])
})
