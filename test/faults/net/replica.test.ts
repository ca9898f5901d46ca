/** F28: reads from a replica. What only looks works there; what decides does not, so nothing can be decided on what is late. */
import test from 'ava'
import { call } from '../../../db/calls.ts'
import { until } from '../../support/patience.ts'
import { makeScenario } from '../../support/scenario.ts'
import { errorOf, sqlState } from '../../support/stage.ts'
import { makePair } from './pair.ts'

const looks = [
	...[
		'status',
		'top',
		'health',
		'queues',
		'workers',
		'jobs',
		'job_executions',
		'job_logs',
		'dead_letters',
		'job_dependencies',
		'workflows',
	].map((view) => `select * from taskq.${view}`),
	...[
		'concurrency_keys',
		'task_types',
		'list_pools()',
		'list_running()',
		'list_type_times()',
		'list_jobs()',
		'list_workflows()',
		'stream_gaps()',
	].map((from) => `select * from taskq.${from}`),
	...['count_jobs()', 'simulate()', 'read_events(0)'].map((value) => `select taskq.${value}`),
	'select e.* from taskq.list_jobs() as j cross join taskq.explain_job(j.job_id) as e',
	'select taskq.get_job(job_id), taskq.job_graph(job_id) from taskq.list_jobs()',
	`select p.* from taskq.workers as w cross join taskq.claim_preview(w.worker_id) as p where w.status = 'active'`,
]

test('all that only looks answers on a hot standby, and status and health say what it is', async (t) => {
	const { primary, standby } = await makePair(t)
	await makeScenario(primary.db)
	const jobs = (await primary.rows('select from taskq.jobs')).length
	await until(
		async () =>
			(await standby.rows('select from taskq.jobs')).length === jobs && (await standby.rows('select from taskq.workers')).length === 3,
	)
	const client = await standby.db.client()
	await client.query('set role taskq_reader')

	for (const look of looks) await t.notThrowsAsync(client.query(look), look)

	t.like(await standby.row('select * from taskq.status'), { is_read_only: true, running_count: '7' })
	t.is((await primary.row('select is_read_only from taskq.status')).is_read_only, false)
	const [here, there] = await Promise.all(
		[primary, standby].map((server) =>
			server.rows(`select check_name, status from taskq.health where status <> 'unknown' and unit <> 'seconds' order by 1`),
		),
	)
	t.deepEqual(here, there)
})

test('a replica takes no job, no claim and no report, and LISTEN says why it does not deliver', async (t) => {
	const { primary, standby } = await makePair(t)
	const variables = await makeScenario(primary.db)
	await until(async () => (await standby.rows('select from taskq.workers')).length === 3)
	const { pool } = standby.db

	const states = [
		await sqlState(call(pool, 'submitEach', ['[{"type": "send_email"}]'])),
		await sqlState(call(pool, 'claimNextJob', [variables.worker, 1, null])),
		await sqlState(call(pool, 'heartbeat', [variables.worker, null])),
		await sqlState(call(pool, 'cancelJob', [variables.job, null])),
		await sqlState(call(pool, 'tick')),
		await sqlState(standby.query('listen taskq_ready')),
	]

	t.deepEqual(states, Array(6).fill('25006'))
	t.regex((await errorOf(standby.query('listen taskq_ready'))).message ?? '', /during recovery/)
})
