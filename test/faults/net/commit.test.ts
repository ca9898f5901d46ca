/** F11, T12: the connection is cut where a commit is under way, so that nobody knows whether it was done. */

import test from 'ava'
import pg from 'pg'
import { type Claim, callOne, type Submitted } from '../../../db/calls.ts'
import { claim, registerTypes, registerWorker, useDb } from '../../support/db.ts'
import { bePatient } from '../../support/patience.ts'
import { type Cut, openProxy } from '../proxy.ts'
import { notDoneOnce, spawnServer, spawnWorkerAt, submitSurely, untilAllEnded } from './support.ts'

const db = useDb(test)
const CUTS: Cut[] = ['before it is passed on', 'as it is passed on', 'when its answer is there']

/** More rounds to look longer: FAULT_ROUNDS=1000 npm test test/faults/net/commit.test.ts */
const ROUNDS = Number(process.env.FAULT_ROUNDS ?? 210)

/** Says something over a connection that is cut, and answers what came back; undefined where the answer was lost. */
async function sayCut<T>(url: string, say: (client: pg.Client) => Promise<T>): Promise<T | undefined> {
	const client = new pg.Client(url)
	client.on('error', () => {})
	try {
		await client.connect()
		return await say(client)
	} catch (error) {
		if (error instanceof pg.DatabaseError) throw error
		return undefined
	} finally {
		await client.end().catch(() => {})
	}
}

test('a submit whose answer is lost is one job, however often it is said again', async (t) => {
	bePatient(t)
	await registerTypes(db, 'cut')
	const proxy = await openProxy(t, db.url)
	let round = 0
	proxy.cut = (sql) => (sql.includes('submit_each') ? CUTS[round % 3] : undefined)

	let stored = 0
	const keys: string[] = []
	for (; round < ROUNDS; round++) {
		const requests = JSON.stringify([{ type: 'cut', queue: 'submits', idempotency_key: `key-${round}`, payload: { round } }])
		const lost = await sayCut(proxy.url, (client) => callOne<Submitted>(client, 'submitEach', [requests]))
		const again = await callOne<Submitted>(db.pool, 'submitEach', [requests])
		t.is(lost, undefined)
		t.is(again.error, null)
		if (!again.created) stored++
		keys.push(`key-${round}`)
	}

	const { jobs, ids } = await db.row(
		`select count(*)::integer as jobs, count(distinct payload)::integer as ids from taskq.jobs where queue = 'submits'`,
	)
	t.deepEqual([jobs, ids], [ROUNDS, ROUNDS])
	t.is(proxy.counts.cut, ROUNDS)
	t.true(stored >= ROUNDS / 3, 'what was cut at its answer had been stored')
	t.true(stored <= (ROUNDS / 3) * 2, 'what was cut before it was passed on had not')
	t.log(`${ROUNDS} answers lost, ${stored} of them after the commit`)
})

test('an outcome whose answer is lost is recorded once; said again it is refused or was the first', async (t) => {
	bePatient(t)
	const proxy = await openProxy(t, db.url)
	await registerTypes(db, 'cut')
	const worker = await registerWorker(db, { types: ['cut'], queues: ['outcomes'] })
	const requests = Array.from({ length: ROUNDS }, () => ({ type: 'cut', queue: 'outcomes' }))
	await callOne(db.pool, 'submitEach', [JSON.stringify(requests)])
	let round = 0
	proxy.cut = (sql) => (sql.includes('claim_next_job') ? CUTS[round % 3] : undefined)

	let recorded = 0
	for (; round < ROUNDS; round++) {
		await callOne(db.pool, 'heartbeat', [worker, null]) // the processes of the test beside this one tick
		const { claim_id, jobs } = await claim(db, worker)
		const outcome = (result: unknown) => ({ claim_id: claim_id!, job_id: jobs[0]!.job_id, outcome: 'completed' as const, result })
		const report = JSON.stringify([outcome('first')])
		const lost = await sayCut(proxy.url, (client) => callOne<Claim>(client, 'claimNextJob', [worker, 0, report]))
		const again = await claim(db, worker, 0, [outcome('second')])
		const { status, result } = await db.row('select status, result from taskq.jobs where job_id = $1', [jobs[0]!.job_id])

		t.is(lost, undefined)
		t.is(status, 'completed')
		// the end that was recorded is the one that was accepted, and never both
		t.is(result, again.rejected.length ? 'first' : 'second')
		if (again.rejected.length) recorded++
	}

	t.true(recorded >= ROUNDS / 3 && recorded <= (ROUNDS / 3) * 2, `${recorded} of ${ROUNDS} were recorded before their answer was lost`)
	t.is(
		(await db.row(`select count(*)::integer as n from taskq.job_executions as e join taskq.jobs using (job_id) where queue = 'outcomes'`))
			.n,
		ROUNDS,
	)
	t.log(`${ROUNDS} answers lost, ${recorded} of them after the commit`)
})

test('a server and workers whose commits are cut at random lose nothing and end each job once', async (t) => {
	bePatient(t)
	const proxy = await openProxy(t, db.url)
	const server = await spawnServer(t, proxy.url)
	await Promise.all([spawnWorkerAt(t, proxy.url), spawnWorkerAt(t, proxy.url)])
	proxy.cut = (sql) => (/submit_each|claim_next_job/.test(sql) && Math.random() < 0.1 ? CUTS[Math.floor(Math.random() * 3)] : undefined)

	const submitted = await Promise.all(
		Array.from({ length: 8 }, async () => {
			const answers = []
			for (let n = 0; n < ROUNDS / 8; n++) answers.push(await submitSurely(server.api, { type: 'quick', queue: 'random' }))
			return answers
		}),
	)
	const ids = submitted.flat().map(({ id }) => id)
	await untilAllEnded(db, ids)

	t.is(new Set(ids).size, ids.length)
	t.is((await db.row(`select count(*)::integer as n from taskq.jobs where queue = 'random'`)).n, ids.length)
	t.deepEqual(await notDoneOnce(db, ids), [])
	t.true(proxy.counts.cut > 5)
	t.log(`${ids.length} jobs, ${proxy.counts.cut} cuts, ${submitted.flat().filter(({ tries }) => tries > 1).length} submits said again`)
})
