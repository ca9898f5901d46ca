import test from 'ava'
import { useDb } from '../support/db.ts'
import { makeStage, sqlState } from '../support/stage.ts'

const db = useDb(test)

/** The functions and views of schema taskq that each role may use by itself or by a role that it has. */
const allowed: Record<string, string[]> = {
	taskq_reader: [
		...[
			'jobs',
			'job_executions',
			'job_logs',
			'dead_letters',
			'job_dependencies',
			'workflows',
			'task_types',
			'queues',
			'workers',
			'schedules',
		],
		...[
			'get_job',
			'get_jobs',
			'list_jobs',
			'page_jobs',
			'job_statistics',
			'count_jobs',
			'explain_job',
			'parent_results',
			'read_events',
			'stream_position',
			'stream_gaps',
			'late_events',
			'redact',
		],
		...['list_workflows', 'get_workflow', 'job_graph', 'critical_path', 'graph_mermaid'],
		...['list_pools', 'concurrency_keys', 'claim_preview', 'simulate', 'next_runs', 'preview_schedule'],
		...['status', 'top', 'health', 'read_status', 'list_running', 'check_health', 'list_type_times'],
	],
	taskq_client: ['submit_job', 'submit_jobs', 'submit_each', 'add_dependency', 'cancel_job', 'cancel_workflow'],
	taskq_worker: [
		...['register_worker', 'register_task_types', 'hold_worker_session', 'claim_next_job', 'heartbeat', 'log_jobs', 'report_progress'],
		...['parent_results', 'complete_job', 'fail_job', 'stop_worker', 'release_unknown_claims', 'tick'],
	],
	taskq_operator: [
		...[
			'retry_job',
			'retry_workflow',
			'retry_dead_letters',
			'discard_job',
			'discard_dead_letters',
			'pause_queue',
			'resume_queue',
			'set_queue_aging',
		],
		...['drain_worker', 'tick', 'authenticate', 'has_api_key', 'set_worker_capacity', 'set_pool', 'set_rate', 'delete_pool'],
		...['set_schedule', 'delete_schedule', 'pause_schedule', 'resume_schedule', 'run_schedule'],
		...['audit_log', 'authenticate_api_key', 'live_api_keys', 'issue_ticket', 'redeem_ticket'],
		...['set_limit', 'set_rate_limit', 'set_concurrency_limit', 'undrain_worker', 'cancel_queue'],
	],
	taskq_admin: ['configure', 'create_api_key', 'issue_api_key', 'rotate_api_key', 'revoke_api_key', 'api_keys'],
}
const inherited: Record<string, string[]> = {
	taskq_client: ['taskq_reader'],
	taskq_operator: ['taskq_reader', 'taskq_client'],
	taskq_admin: ['taskq_reader', 'taskq_client', 'taskq_worker', 'taskq_operator'],
}

const granted = (role: string) =>
	db.rows(
		`select p.proname as name from pg_proc as p where p.pronamespace = 'taskq'::regnamespace and has_function_privilege($1, p.oid, 'execute')
		union select c.relname from pg_class as c where c.relnamespace = 'taskq'::regnamespace and c.relkind = 'v' and has_table_privilege($1, c.oid, 'select')
		order by name`,
		[role],
	)

for (const role of Object.keys(allowed)) {
	test(`${role} may use what it is meant to, and nothing else`, async (t) => {
		const expected = new Set([role, ...(inherited[role] ?? [])].flatMap((each) => allowed[each]!))

		t.deepEqual(
			(await granted(role)).map(({ name }) => name),
			[...expected].sort(),
		)
	})
}

test('every function and view of schema taskq is granted to someone', async (t) => {
	const { rows } = await db.query(
		`select proname as name from pg_proc where pronamespace = 'taskq'::regnamespace
		union select relname from pg_class where relnamespace = 'taskq'::regnamespace and relkind = 'v'`,
	)

	const known = new Set(Object.values(allowed).flat())
	t.deepEqual(
		rows.map(({ name }) => name).filter((name) => !known.has(name)),
		[],
	)
})

test('no role but the owner touches anything of schema taskq_private', async (t) => {
	const roles = [...Object.keys(allowed), 'public']
	const { rows } = await db.query(
		`select r.role, c.relname as name from unnest($1::text[]) as r (role), pg_class as c
		where c.relnamespace = 'taskq_private'::regnamespace and c.relkind in ('r', 'v', 'S', 'p')
			and case c.relkind when 'S' then has_sequence_privilege(r.role, c.oid, 'usage, select, update')
				else has_table_privilege(r.role, c.oid, 'select, insert, update, delete, truncate, references, trigger') end
		union all
		select r.role, p.proname from unnest($1::text[]) as r (role), pg_proc as p
		where p.pronamespace = 'taskq_private'::regnamespace and has_function_privilege(r.role, p.oid, 'execute')
			and not (p.proname in ('sees_queue', 'shown', 'shown_text') and r.role in ('taskq_reader', 'taskq_client', 'taskq_operator', 'taskq_admin')) -- which views call
		union all
		select r.role, 'schema' from unnest($1::text[]) as r (role) where has_schema_privilege(r.role, 'taskq_private', 'usage, create')`,
		[roles],
	)

	t.deepEqual(rows, [])
})

test('no role but the owner writes a view or makes anything in schema taskq', async (t) => {
	const { rows } = await db.query(
		`select r.role, c.relname as name from unnest($1::text[]) as r (role), pg_class as c
		where c.relnamespace = 'taskq'::regnamespace and c.relkind = 'v' and has_table_privilege(r.role, c.oid, 'insert, update, delete, truncate')
		union all select r.role, 'schema' from unnest($1::text[]) as r (role) where has_schema_privilege(r.role, 'taskq', 'create')`,
		[[...Object.keys(allowed), 'public']],
	)

	t.deepEqual(rows, [])
})

test('PUBLIC may execute nothing', async (t) => {
	const { rows } = await db.query(
		`select p.oid::regprocedure::text as name from pg_proc as p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
		where p.pronamespace in ('taskq'::regnamespace, 'taskq_private'::regnamespace) and a.grantee = 0`,
	)

	t.deepEqual(rows, [])
})

/** Runs a statement as a role. */
async function as(role: string, sql: string, values: unknown[] = []): Promise<unknown> {
	const client = await db.client()
	await client.query(`set role ${role}`)
	return client.query(sql, values).finally(() => client.end())
}

const forbidden: [role: string, sql: string][] = [
	['taskq_reader', `select taskq.submit_job('echo')`],
	['taskq_reader', 'select * from taskq_private.job_specs'],
	['taskq_client', 'select * from taskq.tick()'],
	['taskq_client', `select taskq.pause_queue('default')`],
	['taskq_client', `select taskq.set_schedule('s', '{"type": "echo"}', cron => '@daily')`],
	['taskq_client', `select taskq.run_schedule('s')`],
	['taskq_worker', 'select * from taskq.jobs'],
	['taskq_worker', `select taskq.submit_job('echo')`],
	['taskq_operator', 'select taskq.configure()'],
	['taskq_operator', `select taskq.register_worker('w', '{}', 1, 1)`],
	['taskq_admin', 'delete from taskq_private.audit_log'],
	['taskq_admin', 'select taskq_private.clock()'],
	['taskq_reader', `select taskq_private.shown('{}')`],
	['taskq_operator', 'select * from taskq.api_keys'],
	['taskq_client', 'select * from taskq.audit_log'],
]

for (const [role, sql] of forbidden) {
	test(`${role} is refused: ${sql}`, async (t) => {
		t.is(await sqlState(as(role, sql)), '42501')
	})
}

test('the roles can do their work end to end', async (t) => {
	const { type } = await makeStage(db)
	await as('taskq_client', 'select taskq.submit_job($1)', [type])
	await as('taskq_worker', `select taskq.claim_next_job(taskq.register_worker('w', array[$1], 1, 1), 5)`, [type])
	await as('taskq_reader', 'select * from taskq.list_jobs()')
	await as('taskq_worker', 'select * from taskq.tick()')
	await as('taskq_operator', `select taskq.pause_queue('default')`)
	await as('taskq_admin', 'select taskq.configure()')

	t.is((await db.row('select status from taskq.jobs where type = $1', [type])).status, 'running')
})

test('a table of the same name in a caller’s temporary schema or search_path is not taken for taskq’s', async (t) => {
	const { type } = await makeStage(db)
	const client = await db.client()
	await client.query('create temporary table job_specs (job_id uuid)')
	await client.query(`create function pg_temp.length(text) returns integer language sql as 'select 0'`)
	await client.query('set search_path = pg_temp, public')

	await client.query('select taskq.submit_job($1)', [type])

	t.is((await db.row('select count(*)::int as n from taskq.jobs where type = $1', [type])).n, 1)
})
