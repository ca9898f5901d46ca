/** F6, T12, T20: a slow network, one that carries a byte at a time, one that resets, and one that loses every notification. */

import test from 'ava'
import { useDb } from '../../support/db.ts'
import { bePatient } from '../../support/patience.ts'
import { openProxy } from '../proxy.ts'
import { notDoneOnce, quantile, spawnServer, spawnWorkerAt, submitSurely, timed, untilAllEnded } from './support.ts'

const db = useDb(test)

test.serial('with 200 ms more on the way, a submit can be done within a second and jobs start and end once', async (t) => {
	bePatient(t)
	const proxy = await openProxy(t, db.url)
	proxy.latencyMs = 100 // there, and 100 back
	const server = await spawnServer(t, proxy.url)
	await spawnWorkerAt(t, proxy.url)
	const wave = () => Promise.all(Array.from({ length: 10 }, () => timed(() => submitSurely(server.api, { type: 'quick' }))))
	await wave() // connections are made once, and take six times the way

	const submits = []
	for (let n = 0; n < 6; n++) submits.push(...(await wave()))
	const ids = submits.map(({ answer }) => answer.id)
	await untilAllEnded(db, ids)

	const quickest = Math.min(...submits.map(({ ms }) => ms)) // the others have waited for cpu too
	t.true(quickest <= 1000, `a submit goes the way more than five times: it took ${quickest} ms`)
	t.true(
		submits.every(({ ms }) => ms >= 200),
		'the proxy does slow it',
	)
	t.deepEqual(await notDoneOnce(db, ids), [])
	t.log(
		`p95 of a submit: ${Math.round(
			quantile(
				submits.map(({ ms }) => ms),
				0.95,
			),
		)} ms`,
	)
})

test.serial('messages that come a byte at a time are understood', async (t) => {
	bePatient(t)
	const proxy = await openProxy(t, db.url)
	const server = await spawnServer(t, proxy.url)
	await spawnWorkerAt(t, proxy.url)
	proxy.byteByByte = true

	const ids = await Promise.all(Array.from({ length: 5 }, async () => (await submitSurely(server.api, { type: 'quick' })).id))
	await untilAllEnded(db, ids)

	t.deepEqual(await notDoneOnce(db, ids), [])
})

test.serial('connections that are reset now and then cost time and nothing else', async (t) => {
	bePatient(t)
	const proxy = await openProxy(t, db.url)
	const server = await spawnServer(t, proxy.url)
	await spawnWorkerAt(t, proxy.url)
	const ids: string[] = []
	let submitted = -1
	// each time something has come through: a machine that is slow would else never get to the end of anything
	const storm = setInterval(() => {
		if (ids.length > submitted) proxy.reset()
		submitted = ids.length
	}, 400)
	t.teardown(() => clearInterval(storm))

	for (let n = 0; n < 25; n++) ids.push((await submitSurely(server.api, { type: 'quick' })).id)
	clearInterval(storm)
	await untilAllEnded(db, ids)

	t.deepEqual(await notDoneOnce(db, ids), [])
})

/** More jobs to look longer. */
const JOBS = Number(process.env.FAULT_ROUNDS ?? 10)
/** Workers look once a second, jittered by a fifth (worker/waker.ts). */
const POLL_MS = 1_200

test.serial('when every notification is lost, jobs start within the poll and half a second', async (t) => {
	bePatient(t)
	const proxy = await openProxy(t, db.url)
	const server = await spawnServer(t, db.url)
	await spawnWorkerAt(t, proxy.url)
	const startOf = async () => {
		const { id } = await submitSurely(server.api, { type: 'quick' })
		await untilAllEnded(db, [id])
		return (await db.row('select extract(epoch from started_at - created_at)::float8 * 1000 as ms from taskq.jobs where job_id = $1', [id]))
			.ms
	}
	const heard = []
	for (let n = 0; n < JOBS; n++) heard.push(await startOf())

	proxy.dropNotifications = true
	const lost = []
	for (let n = 0; n < JOBS; n++) {
		await new Promise((resolve) => setTimeout(resolve, Math.random() * 300)) // anywhere between two looks
		lost.push(await startOf())
	}

	t.true(proxy.counts.dropped > 0, 'there were notifications to lose')
	// half of them: the others may have waited for cpu
	t.true(quantile(lost, 0.5) <= POLL_MS + 500, `half of them started after ${quantile(lost, 0.5)} ms`)
	t.true(quantile(heard, 0.5) < quantile(lost, 0.5), 'notifications are what wakes workers otherwise')
	t.log(
		`ready to started: p50 ${Math.round(quantile(heard, 0.5))} ms heard, ${Math.round(quantile(lost, 0.5))} ms lost, at most ${Math.round(Math.max(...lost))} ms`,
	)
})
