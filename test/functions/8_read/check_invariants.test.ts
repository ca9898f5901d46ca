import test from 'ava'
import { useDb } from '../../support/db.ts'
import { submitWorkflow } from '../../support/graph.ts'
import { jobIn, makeStage, type Stage } from '../../support/stage.ts'

const db = useDb(test)

/** What is found when a statement has broken the database; the statement is rolled back. */
async function breachesAfter(sql: string, values: unknown[] = []): Promise<number> {
	const client = await db.client()
	await client.query('begin')
	await client.query(sql, values)
	const { rows } = await client.query('select * from taskq_private.check_invariants()')
	await client.query('rollback')
	return rows.length
}

const damages: Record<string, [string, (stage: Stage) => Promise<string>]> = {
	'a job that is in two places': [
		'insert into taskq_private.ready_jobs select lane_id, job_id, now(), 1 from taskq_private.waiting_jobs where job_id = $1',
		(stage) => jobIn(stage, 'pending'),
	],
	'a job that is nowhere': ['delete from taskq_private.ready_jobs where job_id = $1', (stage) => jobIn(stage, 'ready')],
	'a place of no job': ['delete from taskq_private.job_specs where job_id = $1', (stage) => jobIn(stage, 'ready')],
	'a job that is in another lane': [
		'update taskq_private.waiting_jobs set lane_id = -1 where job_id = $1',
		(stage) => jobIn(stage, 'pending'),
	],
	'a wrong count of dependencies': [
		'update taskq_private.waiting_jobs set remaining_dependencies = 2 where job_id = $1',
		(stage) => jobIn(stage, 'blocked'),
	],
	'a job that started before its dependency': [
		'insert into taskq_private.job_dependencies (job_id, depends_on_id) select $1, gen_random_uuid()',
		(stage) => jobIn(stage, 'running'),
	],
	'a job that is blocked by nothing': [
		`with gone as (delete from taskq_private.job_dependencies where job_id = $1) update taskq_private.waiting_jobs set remaining_dependencies = 0 where job_id = $1`,
		(stage) => jobIn(stage, 'blocked'),
	],
	'a job that waits for one that has ended as it asks': [
		'update taskq_private.job_dependencies set satisfied = false where job_id = $1',
		async (stage) => {
			const parents = [await jobIn(stage, 'completed'), await jobIn(stage, 'pending')]
			const id = await stage.submitOne({ depends_on: parents })
			await db.query('update taskq_private.waiting_jobs set remaining_dependencies = 1 where job_id = $1', [id])
			return id
		},
	],
	'a job that is not held and waits for one that has failed': [
		`update taskq_private.job_specs set on_dependency_failure = 'cancel' where job_id = $1`,
		async (stage) => stage.submitOne({ depends_on: [await jobIn(stage, 'failed')], on_dependency_failure: 'hold' }),
	],
	'a job that is held out for one that has completed': [
		`update taskq_private.job_dependencies set condition = 'failure', satisfied = false where job_id = $1 and satisfied`,
		async (stage) => {
			const parents = [await jobIn(stage, 'completed'), await jobIn(stage, 'pending')]
			return stage.submitOne({ depends_on: parents, on_dependency_failure: 'hold' })
		},
	],
	'a workflow that has miscounted': [
		`insert into taskq_private.workflow_counts (workflow_id, completed_count, failed_count, cancelled_count, skipped_count, at)
			select workflow_id, 1, 0, 0, 0, now() from taskq_private.job_specs where job_id = $1`,
		async (stage) => (await submitWorkflow(db, stage, { a: [] })).ids.a!,
	],
	'a worker that holds more than it can carry': [
		'update taskq_private.lanes set cpu_units = 1000 where lane_id = (select lane_id from taskq_private.job_specs where job_id = $1)',
		(stage) => jobIn(stage, 'running'),
	],
	'a worker that has ended and holds a job': [
		`update taskq_private.workers set status = 'lost' where worker_id = (select worker_id from taskq.jobs where job_id = $1)`,
		(stage) => jobIn(stage, 'running'),
	],
	'a key of a job that is gone': [
		`insert into taskq_private.idempotency_keys values ($1, gen_random_uuid(), '')`,
		(stage) => jobIn(stage, 'ready'),
	],
	'a wish to stop a job that does not run': [
		`insert into taskq_private.cancel_requests values ($1, 1, now(), '')`,
		(stage) => jobIn(stage, 'ready'),
	],
	'a tick that was fired twice': [
		`update taskq_private.job_specs as j set metadata = '{"schedule": "s", "scheduled_for": "2030-01-01T00:00:00.000Z"}', created_by = 'schedule:s' where job_id >= $1`,
		async (stage) => (await stage.submit({}, {}))[0]!,
	],
	'a schedule that waits for what is no tick of it': [
		`update taskq_private.schedules set next_run_at = '2999-01-01T00:00:01Z' where job ->> 'type' = (select type from taskq.jobs where job_id = $1)`,
		async (stage) => {
			await db.query(`select taskq.set_schedule('s', jsonb_build_object('type', $1::text), cron => '0 * * * *')`, [stage.type])
			return jobIn(stage, 'ready')
		},
	],
	'progress of a job that does not run': [
		`insert into taskq_private.job_progress values ($1, 5, null, now())`,
		(stage) => jobIn(stage, 'ready'),
	],
}

for (const [damage, [sql, make]] of Object.entries(damages)) {
	test.serial(`${damage} is found`, async (t) => {
		const stage = await makeStage(db, { cpuUnits: 10 })
		const id = await make(stage)

		t.true((await breachesAfter(sql, [id])) > 0)
		t.is(await breachesAfter('select $1::uuid', [id]), 0)
	})
}
