/** F2, F3, T15: clocks that jump and clocks that are wrong. */
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { whenStatus } from '../../support/worker.ts'
import { makeCluster } from '../cluster.ts'
import { makeClock, noFaketime } from '../faketime.ts'
import { notDoneOnce, spawnServer, spawnWorkerAt, submitSurely, untilAllEnded, within } from './support.ts'

if (noFaketime) console.error(`SKIPPED: clocks that jump: ${noFaketime}`)
const ifFaketime = noFaketime ? test.skip : test

const jumps = { 'an hour ahead': ['+3600', 3600], 'ten minutes back': ['-600', -600] } as const
for (const [words, [offset, seconds]] of Object.entries(jumps))
	ifFaketime(`PostgreSQL's clock jumps ${words}: nothing is lost, and each job ends once`, async (t) => {
		const clock = makeClock(t)
		const cluster = await makeCluster(t, { env: clock.env })
		const server = await spawnServer(t, cluster.url)
		const workers = await Promise.all([spawnWorkerAt(t, cluster.url), spawnWorkerAt(t, cluster.url)])
		const away = async () => (await cluster.row('select extract(epoch from clock_timestamp())::float8 - $1 as s', [Date.now() / 1000])).s
		const running = await submitSurely(server.api, { type: 'slow', payload: { ms: 4000 } })
		await whenStatus(cluster.db, running.id, 'running')
		const ids = [running.id]
		const submitting = (async () => {
			for (let n = 0; n < 60; n++) {
				ids.push((await submitSurely(server.api, { type: 'quick' })).id)
				await sleep(20)
			}
		})()

		t.true(Math.abs(await away()) < 5)
		clock.set(offset)
		t.true(Math.abs((await away()) - seconds) < 5, 'the clock did jump')
		await submitting
		await within(60, 'the end of all jobs', async () => (await notDoneOnce(cluster.db, ids)).length === 0)
		const retried = await submitSurely(server.api, {
			type: 'thread_throw',
			payload: { kind: 'plain' },
			retry_config: { max_attempts: 2, initial_delay_seconds: 1 },
		})
		await whenStatus(cluster.db, retried.id, 'failed')

		t.deepEqual(await cluster.breaches(), [])
		t.deepEqual(
			workers.map(({ exitCode }) => exitCode),
			[null, null],
		)
		const lost = await cluster.row(`select count(*)::integer as n from taskq.job_executions where outcome in ('lost', 'timed_out')`)
		t.log(`${ids.length} jobs ended once; ${lost.n} attempts were given up because of the jump`)
	})

for (const offset of ['+1h', '-1h'])
	ifFaketime(`a worker whose clock is wrong by ${offset} works like any other`, async (t) => {
		const clock = makeClock(t, offset)
		const cluster = await makeCluster(t)
		const server = await spawnServer(t, cluster.url)
		const worker = await spawnWorkerAt(t, cluster.url, { env: clock.env })
		const { time } = JSON.parse(/^.*the worker is ready.*$/m.exec(worker.output())![0])
		t.true(Math.abs(time - Date.now()) > 3_500_000, 'its clock is wrong')
		const ids = await Promise.all(Array.from({ length: 20 }, async () => (await submitSurely(server.api, { type: 'quick' })).id))
		const long = await submitSurely(server.api, { type: 'slow', payload: { ms: 2000 }, timeout_seconds: 10 })
		const retried = await submitSurely(server.api, {
			type: 'thread_throw',
			payload: { kind: 'plain' },
			retry_config: { max_attempts: 2, initial_delay_seconds: 1 },
		})
		await untilAllEnded(cluster.db, [...ids, long.id, retried.id])

		t.deepEqual(await notDoneOnce(cluster.db, [...ids, long.id]), [])
		const odd = `select from taskq.jobs where started_at < created_at - interval '1 second' or finished_at > clock_timestamp() or finished_at < started_at`
		t.is((await cluster.rows(odd)).length, 0, 'what is recorded is by the clock of the database')
		t.is((await cluster.rows(`select from taskq.workers where status = 'lost'`)).length, 0)
		t.is((await cluster.rows(`select from taskq.job_executions where outcome in ('lost', 'timed_out')`)).length, 0)
		t.deepEqual(await cluster.breaches(), [])
	})
