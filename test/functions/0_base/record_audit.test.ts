import test from 'ava'
import type pg from 'pg'
import { useDb } from '../../support/db.ts'
import { makeStage, type Stage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

/** What is granted to operators and administrators and changes nothing that anybody would ask about later. */
const unaudited: Record<string, string> = {
	tick: 'time acts, not a person: each second, in every process',
	has_api_key: 'reads',
	authenticate: 'asked for every request; the key has its last_used_at',
	authenticate_api_key: 'asked for every request; the key has its last_used_at',
	live_api_keys: 'reads',
	issue_ticket: 'stands for a key for 30 seconds; the act that it is used for is written down',
	redeem_ticket: 'stands for a key for 30 seconds; the act that it is used for is written down',
}

type Act = (client: pg.Client, stage: Stage) => Promise<unknown>
const key = async (client: pg.Client) => (await client.query(`select taskq.create_api_key('k') as key`)).rows[0].key.split('_')[1]
const sql =
	(text: string): Act =>
	(client) =>
		client.query(text)
const failed =
	(text: string): Act =>
	async (client, stage) => {
		const id = await stage.submitOne({ retry_config: { max_attempts: 1 } })
		await stage.failAll()
		await client.query(text, [id])
	}

const set = `select taskq.register_task_types('[{"type": "audited"}]');
	select taskq.set_schedule('audited', '{"type": "audited"}', every => '1 hour')`

/** A call of each function that succeeds. */
const acts: Record<string, Act> = {
	retry_job: failed('select taskq.retry_job($1)'),
	discard_job: failed('select taskq.discard_job($1)'),
	retry_dead_letters: sql(`select taskq.retry_dead_letters('none')`),
	discard_dead_letters: sql(`select taskq.discard_dead_letters('none')`),
	async retry_workflow(client, stage) {
		const jobs = [{ type: stage.type, name: 'a', retry_config: { max_attempts: 1 } }]
		const { id } = await db.row('select workflow_id as id from taskq.submit_jobs($1)', [JSON.stringify({ workflow: { name: 'w' }, jobs })])
		await stage.failAll()
		await client.query('select taskq.retry_workflow($1)', [id])
	},
	pause_queue: sql(`select taskq.pause_queue('audited')`),
	resume_queue: sql(`select taskq.pause_queue('audited'); select taskq.resume_queue('audited')`),
	set_queue_aging: sql(`select taskq.set_queue_aging('audited', 60)`),
	drain_worker: (client, { worker }) => client.query('select taskq.drain_worker($1)', [worker]),
	undrain_worker: (client, { worker }) => client.query('select taskq.undrain_worker($1)', [worker]),
	cancel_queue: sql(`select taskq.pause_queue('audited'); select taskq.cancel_queue('audited')`),
	set_schedule: sql(set),
	delete_schedule: sql(`${set}; select taskq.delete_schedule('audited')`),
	pause_schedule: sql(`${set}; select taskq.pause_schedule('audited')`),
	resume_schedule: sql(`${set}; select taskq.pause_schedule('audited'); select taskq.resume_schedule('audited')`),
	run_schedule: sql(`${set}; select taskq.run_schedule('audited')`),
	set_worker_capacity: (client, { worker }) => client.query('select taskq.set_worker_capacity($1, cpu_units => 1)', [worker]),
	set_pool: sql(`select taskq.set_pool('audited', 1)`),
	set_rate: sql(`select taskq.set_rate('audited', 1, 1)`),
	delete_pool: sql(`select taskq.set_pool('audited', 1); select taskq.delete_pool('audited')`),
	set_limit: sql(`select taskq.set_limit(queue => 'audited', max_running => 1)`),
	set_rate_limit: sql(`select taskq.set_rate_limit(queue => 'audited', jobs => 1)`),
	set_concurrency_limit: sql(`select taskq.set_concurrency_limit('audited', 1)`),
	configure: sql('select taskq.configure(job_ttl_seconds => 86400)'),
	create_api_key: sql(`select taskq.create_api_key('audited')`),
	issue_api_key: sql(`select taskq.issue_api_key('audited')`),
	rotate_api_key: async (client) => client.query('select taskq.rotate_api_key($1)', [await key(client)]),
	revoke_api_key: async (client) => client.query('select taskq.revoke_api_key($1)', [await key(client)]),
}
/** What these write down as; they are all of one kind. */
const writtenAs: Record<string, string> = { set_rate: 'set_pool', set_limit: 'set_pool', set_rate_limit: 'set_pool' }

test('every function of operators and administrators writes down that it was called, in its transaction', async (t) => {
	const { rows } = await db.query(
		`select p.proname as name from pg_proc as p
		where p.pronamespace = 'taskq'::regnamespace and has_function_privilege('taskq_admin', p.oid, 'execute')
			and not has_function_privilege('taskq_client', p.oid, 'execute')
			and (has_function_privilege('taskq_operator', p.oid, 'execute') or not has_function_privilege('taskq_worker', p.oid, 'execute'))
		order by name`,
	)

	for (const { name } of rows) {
		if (unaudited[name]) continue
		const act = acts[name]
		if (!act) {
			t.fail(`${name}: give a call of it here, or the reason why it is not audited`)
			continue
		}
		const stage = await makeStage(db)
		const client = await db.client()
		await client.query('begin')
		await client.query(`set local taskq.caller = 'ann'; set local taskq.key_id = '0123456789ab'; set local taskq.door = 'rest'`)
		const { rows: before } = await client.query('select coalesce(max(audit_id), 0) as id from taskq_private.audit_log')
		await act(client, stage)
		const { rows: written } = await client.query(
			'select actor, key_id, role, door, action from taskq_private.audit_log where audit_id > $1 order by audit_id desc limit 1',
			[before[0].id],
		)
		t.deepEqual(
			written,
			[{ actor: 'postgres/ann', key_id: '0123456789ab', role: 'postgres', door: 'rest', action: writtenAs[name] ?? name }],
			name,
		)
		await client.query('rollback')
		await client.end()
	}
	t.deepEqual(
		[...Object.keys(acts), ...Object.keys(unaudited)].filter((name) => !rows.some((row) => row.name === name)),
		[],
		'these are not there any more',
	)
})

test('what is undone is not written down', async (t) => {
	const client = await db.client()
	await client.query('begin')
	await client.query(`select taskq.pause_queue('undone')`)
	await client.query('rollback')

	t.deepEqual(await db.rows(`select from taskq_private.audit_log where target = 'undone'`), [])
})

test('nobody changes or deletes what is written, the owner and a superuser included', async (t) => {
	await db.query(`select taskq.pause_queue('kept')`)
	const attempts = [
		`update taskq_private.audit_log set actor = 'nobody'`,
		'delete from taskq_private.audit_log',
		'truncate taskq_private.audit_log',
		'truncate taskq_private.audit_log cascade',
		'delete from taskq_private.audit_log where false',
	]
	for (const role of ['postgres', 'taskq_owner', 'taskq_admin', 'taskq_operator'])
		for (const attempt of attempts) {
			const client = await db.client()
			await client.query(`set role ${role}`)
			t.is(await sqlState(client.query(attempt)), '42501', `${role}: ${attempt}`)
			await client.end()
		}
	t.is((await db.rows(`select from taskq_private.audit_log where target = 'kept'`)).length, 1)
})

test('operators read who did what, with which key and by which door, and no secret', async (t) => {
	const client = await db.client()
	const id = await key(client)
	await client.query('begin')
	await client.query(
		`set local role taskq_admin; set local taskq.caller = 'k'; set local taskq.key_id = '${id}'; set local taskq.door = 'graphql';
		select taskq.issue_api_key('secretary of state', queues => '{audited.view}'); set local role taskq_operator`,
	)
	const { rows } = await client.query('select * from taskq.audit_log order by audit_id desc limit 1')
	await client.query('rollback')

	t.like(rows[0], { actor: 'postgres/k', role: 'taskq_admin', key_id: id, key_name: 'k', door: 'graphql', action: 'issue_api_key' })
	t.deepEqual(rows[0].details.queues, ['audited.view'])
	t.deepEqual(
		(
			(await client.query(
				`select taskq_private.record_audit('x', 'y', '{"token": "a"}'); select details from taskq.audit_log order by audit_id desc limit 1`,
			)) as unknown as pg.QueryResult[]
		)[1]!.rows,
		[{ details: { token: '[redacted]' } }],
	)
})
