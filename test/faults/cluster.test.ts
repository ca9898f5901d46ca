import test from 'ava'
import { registerTypes, submit } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { makeCluster } from './cluster.ts'

test('a cluster comes back on its port after each way to end it, with what was there', async (t) => {
	const cluster = await makeCluster(t)
	await registerTypes(cluster.db, 'echo')

	const ids = [(await submit(cluster.db)).id]
	for (const mode of ['fast', 'immediate'] as const) {
		await cluster.stop(mode)
		t.false(cluster.isUp())
		await cluster.start({ settings: { application_name: mode } })
		ids.push((await submit(cluster.db)).id)
	}
	cluster.killBackend((await cluster.backends(`backend_type = 'background writer'`))[0]!)
	await until(() => /reinitializing/.test(cluster.log()))
	ids.push((await until(() => submit(cluster.db).catch(() => false as const))).id)

	t.deepEqual(
		(await cluster.rows('select job_id from taskq.jobs order by 1')).map(({ job_id }) => job_id),
		ids,
	)
	t.deepEqual(await cluster.breaches(), [])
})

test('a standby follows, and takes over', async (t) => {
	const cluster = await makeCluster(t)
	const standby = await cluster.makeStandby('second')
	t.teardown(() => standby.end())
	await registerTypes(cluster.db, 'echo')
	const { id } = await submit(cluster.db)

	await until(async () => (await standby.rows('select job_id from taskq.jobs'))[0]?.job_id === id)
	await cluster.stop('immediate')
	await standby.promote()
	await submit(standby.db)

	t.is((await standby.rows('select job_id from taskq.jobs')).length, 2)
	t.deepEqual(await standby.breaches(), [])
})
