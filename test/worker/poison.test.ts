import { once } from 'node:events'
import test from 'ava'
import { registerTypes, useDb } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { submitEach } from '../support/stage.ts'
import { spawnWorker } from '../support/worker.ts'

const db = useDb(test)

test.serial('one poisonous job among fifty takes three workers down and none of its neighbours', async (t) => {
	await registerTypes(db, 'slow', 'poison')
	const innocent = { type: 'slow', payload: { ms: 100 }, retry_config: { max_attempts: 1 } }
	const requests = Array.from({ length: 51 }, (_, n) => (n === 10 ? { type: 'poison' } : innocent))
	const ids = (await submitEach(db.pool, requests)).map(({ job_id }) => job_id!)
	let deaths = 0
	let stopped = false
	const env = { WORKER_CONCURRENCY: '20', MAX_CPU_UNITS: '1000', MAX_MEMORY_MB: '100000' }
	const supervised = (async () => {
		while (!stopped) {
			const worker = spawnWorker(t, db, env)
			const watch = setInterval(() => stopped && worker.kill('SIGTERM'), 50)
			const [, signal] = await once(worker, 'exit')
			clearInterval(watch)
			if (signal === 'SIGKILL') deaths++
		}
	})()

	const ended = () => db.row('select count(*)::int as n from taskq_private.finished_jobs where job_id = any ($1)', [ids])
	await until(async () => (await ended()).n === ids.length)
	stopped = true
	await supervised

	const failed = await db.rows("select job_id, reason from taskq.jobs where job_id = any ($1) and status <> 'completed'", [ids])
	t.deepEqual(failed, [{ job_id: ids[10], reason: 'crashed' }])
	t.is(deaths, 3)
})
