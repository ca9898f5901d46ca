/** F12, F13, T7, T8, T10: the primary is gone and a standby takes over, with or without what was committed last. */
import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import { WebSocket } from 'ws'
import { call, callOne } from '../../../db/calls.ts'
import { claim, registerTypes, registerWorker, submit } from '../../support/db.ts'
import { bePatient, until } from '../../support/patience.ts'
import { sqlState } from '../../support/stage.ts'
import type { Cluster } from '../cluster.ts'
import type { PgProxy } from '../proxy.ts'
import { failOver, makePair, missing } from './pair.ts'
import { spawnServer, spawnWorkerAt, submitSurely, timed, within } from './support.ts'

/** More promotions to look longer: FAULT_PROMOTIONS=20. */
const PROMOTIONS = Number(process.env.FAULT_PROMOTIONS ?? 2)

/** Submits until it is told to stop; answers what was acknowledged, with when. */
async function flood(
	proxy: PgProxy,
	t: ExecutionContext,
	failover: () => Promise<void>,
): Promise<{ before: string[]; after: string[]; awayMs: number }> {
	const server = await spawnServer(t, proxy.url)
	const socket = new WebSocket(`${server.api.url.replace('http', 'ws')}/jobs/stream?event=job_completed`)
	t.teardown(() => socket.terminate())
	await once(socket, 'open')
	const told = new Set<string>()
	socket.on('error', () => {})
	socket.on('message', (data) => told.add(JSON.parse(String(data)).job_id))
	await Promise.all([spawnWorkerAt(t, proxy.url), spawnWorkerAt(t, proxy.url)])
	const before: string[] = []
	const after: string[] = []
	let acknowledged = before
	let isOver = false
	const submitting = Promise.all(
		Array.from({ length: 4 }, async () => {
			while (!isOver) acknowledged.push((await submitSurely(server.api, { type: 'quick' })).id)
		}),
	)
	await until(() => before.length > 100)
	const { ms } = await timed(async () => {
		await failover()
		acknowledged = after
		await within(30, 'submits after the failover', () => after.length > 10)
	})
	isOver = true
	await submitting
	await within(30, 'the stream to tell of what was submitted after the failover', () => after.every((id) => told.has(id)))
	return { before, after, awayMs: ms }
}

const allEnded = (db: Cluster) =>
	within(60, 'the end of all jobs', async () => (await db.rows('select from taskq.jobs where finished_at is null limit 1')).length === 0)

test.serial('a synchronous standby that takes over has all that was acknowledged', async (t) => {
	bePatient(t, PROMOTIONS)
	for (let n = 0; n < PROMOTIONS; n++) {
		const pair = await makePair(t, true)
		const { primary, standby } = pair
		const { before, after, awayMs } = await flood(pair.proxy, t, () => failOver(pair))

		t.is(await missing(standby, [...before, ...after]), 0)
		await allEnded(standby)
		t.deepEqual(await standby.breaches(), [])
		t.log(`${before.length} acknowledged before, none lost; submits were taken again after ${Math.round(awayMs)} ms`)
		await standby.end()
		await primary.end()
	}
})

test.serial('an asynchronous standby that takes over lacks what it had not been sent, and no more; all goes on', async (t) => {
	bePatient(t)
	const pair = await makePair(t)
	const { primary, standby } = pair
	let kept = 0
	const known: string[] = []
	const { before, after } = await flood(pair.proxy, t, async () => {
		known.push(...(await standby.rows('select job_id from taskq.jobs')).map(({ job_id }) => job_id))
		pair.link.halfOpen = true
		kept = (await primary.rows('select from taskq.jobs')).length
		// a sequence is logged 32 values ahead, which hides shorter losses
		await until(async () => (await primary.rows('select from taskq.jobs')).length > kept + 100)
		await failOver(pair)
	})

	const lost = await missing(standby, before)
	t.true(lost > 0, 'this is what an asynchronous standby costs')
	t.is(await missing(standby, known), 0, 'what had been sent is there')
	t.is(await missing(standby, after), 0)
	await allEnded(standby)
	t.deepEqual(await standby.breaches(), [])
	t.log(`${before.length} acknowledged before, ${kept} of them when the standby was cut off, ${lost} lost with the primary`)
})

test.serial('a report of a claim that was lost with the primary is refused, although its job runs again', async (t) => {
	bePatient(t)
	const pair = await makePair(t)
	const { primary, standby } = pair
	await registerTypes(primary.db, 'quick')
	const [old, other] = [await registerWorker(primary.db, { types: ['quick'] }), await registerWorker(primary.db, { types: ['quick'] })]
	for (let n = 0; n < 100; n++) await submit(primary.db, { type: 'quick' })
	const ids = (await primary.rows('select job_id from taskq.jobs')).map(({ job_id }) => job_id)
	await until(async () => (await missing(standby, ids)) === 0 && (await standby.rows('select from taskq.workers')).length === 2)

	pair.link.halfOpen = true
	const lost = []
	for (let n = 0; n < 80; n++) lost.push(await claim(primary.db, old)) // a sequence is logged 32 values ahead, which hides shorter losses
	await failOver(pair)
	const again = []
	for (let n = 0; n < 80; n++) again.push(await claim(standby.db, other))

	const late = lost.map(({ claim_id, jobs: [job] }) => ({ claim_id: claim_id!, job_id: job!.job_id }))
	const used = new Set(again.map(({ claim_id }) => claim_id))
	for (const { claim_id, job_id } of late) {
		t.false(used.has(claim_id), `claim ${claim_id} was given twice`)
		t.is(await sqlState(call(standby.db.pool, 'completeJob', [claim_id, job_id, '"late"'])), 'TQ411')
		t.is(await sqlState(call(standby.db.pool, 'reportProgress', [claim_id, job_id, 50, null])), 'TQ411')
	}
	const { rejected } = await claim(
		standby.db,
		old,
		0,
		late.map((held) => ({ ...held, outcome: 'completed' as const })),
	)
	t.is(rejected.length, late.length)
	t.is((await standby.rows(`select from taskq.jobs where status = 'running'`)).length, 80)
	await callOne(standby.db.pool, 'tick')
	t.deepEqual(await standby.breaches(), [])
})
