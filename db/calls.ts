/** The only TypeScript with SQL in it: one call of a stored function or one select from a public view each. */
import type { Queryable } from './pool.ts'

export type * from './rows.ts'

/** Every statement that taskq's processes send. contract.test.ts prepares each against the migrated schema. */
export const statements = {
	registerTaskTypes: 'select taskq.register_task_types(tasks => $1::jsonb)',
	registerWorker:
		'select taskq.register_worker(name => $1::text, types => $2::text[], cpu_units => $3::numeric, memory_mb => $4::integer, concurrency => $5::integer, queues => $6::text[], resources => $7::jsonb) as worker_id',
	holdWorkerSession: 'select taskq.hold_worker_session(worker_id => $1::uuid) as held',
	heartbeat: 'select * from taskq.heartbeat(worker_id => $1::uuid, load => $2::jsonb)',
	claimNextJob: 'select * from taskq.claim_next_job(worker_id => $1::uuid, max_jobs => $2::integer, outcomes => $3::jsonb)',
	logJobs: 'select taskq.log_jobs(entries => $1::jsonb) as rejected',
	reportProgress: 'select taskq.report_progress(claim_id => $1::bigint, job_id => $2::uuid, percent => $3::real, data => $4::jsonb)',
	parentResults: 'select * from taskq.parent_results(job_id => $1::uuid)',
	completeJob: 'select taskq.complete_job(claim_id => $1::bigint, job_id => $2::uuid, result => $3::jsonb)',
	stopWorker: 'select taskq.stop_worker(worker_id => $1::uuid) as released',
	releaseUnknownClaims: 'select taskq.release_unknown_claims(worker_id => $1::uuid, known_claim_ids => $2::bigint[]) as released',
	tick: 'select * from taskq.tick()',
	configure:
		'select taskq.configure(default_max_attempts => $1::integer, default_timeout_seconds => $2::integer, job_ttl_seconds => $3::integer, reserve_after_seconds => $4::integer) as settings',
	submitEach: 'select * from taskq.submit_each(requests => $1::jsonb)',
	submitJobs: 'select * from taskq.submit_jobs(jobs => $1::jsonb)',
	getJobs: 'select * from taskq.get_jobs(job_ids => $1::uuid[])',
	getJob: 'select taskq.get_job(job_id => $1::uuid) as job',
	listJobs:
		'select * from taskq.list_jobs(status => $1::taskq.job_status[], type => $2::text[], queue => $3::text[], priority => $4::smallint[], created_from => $5::timestamptz, created_to => $6::timestamptz, run_at_from => $7::timestamptz, run_at_to => $8::timestamptz, metadata => $9::jsonb, workflow_id => $10::uuid, before => $11::uuid, max_rows => $12::integer)',
	countJobs:
		'select taskq.count_jobs(status => $1::taskq.job_status[], type => $2::text[], queue => $3::text[], priority => $4::smallint[], created_from => $5::timestamptz, created_to => $6::timestamptz, run_at_from => $7::timestamptz, run_at_to => $8::timestamptz, metadata => $9::jsonb, workflow_id => $10::uuid) as total',
	cancelJob: 'select taskq.cancel_job(job_id => $1::uuid, reason => $2::text) as status',
	addDependency:
		'select taskq.add_dependency(job_id => $1::uuid, depends_on => $2::uuid, condition => $3::taskq.dependency_condition) as status',
	dependencies:
		'with edge as materialized (select * from taskq.job_dependencies where job_id = $1::uuid order by depends_on_id limit $2::integer) select d.*, j.name, j.status from edge as d left join taskq.get_jobs(job_ids => array(select depends_on_id from edge)) as j on j.job_id = d.depends_on_id order by d.depends_on_id',
	dependents:
		'with edge as materialized (select * from taskq.job_dependencies where depends_on_id = $1::uuid order by job_id limit $2::integer) select d.*, j.name, j.status from edge as d join taskq.get_jobs(job_ids => array(select job_id from edge)) as j on j.job_id = d.job_id order by d.job_id',
	explainJob: 'select * from taskq.explain_job(job_id => $1::uuid)',
	jobLogs:
		'select log_id, attempt, at, level, message, data from taskq.job_logs where job_id = $1::uuid and log_id > $2::bigint and level >= $3::taskq.log_level order by log_id limit $4::integer',
	jobExecutions: 'select * from taskq.job_executions where job_id = $1::uuid order by claim_id',
	deadLetters:
		"select d.* from taskq.list_jobs(status => '{failed}', type => case when $1::text is not null then array[$1] end, queue => case when $2::text is not null then array[$2] end, before => $3::uuid, max_rows => $4::integer) as j cross join lateral (select * from taskq.dead_letters as l where l.job_id = j.job_id) as d order by d.job_id desc",
	retryJob: 'select taskq.retry_job(job_id => $1::uuid, with_dependents => $2::boolean) as status',
	retryDeadLetters:
		'select taskq.retry_dead_letters(type => $1::text, queue => $2::text, max_jobs => $3::integer, with_dependents => $4::boolean) as retried',
	discardJob: 'select taskq.discard_job(job_id => $1::uuid)',
	discardDeadLetters: 'select taskq.discard_dead_letters(type => $1::text, queue => $2::text, max_jobs => $3::integer) as discarded',
	getWorkflow: 'select * from taskq.get_workflow(workflow_id => $1::uuid)',
	listWorkflows:
		'select * from taskq.list_workflows(status => $1::taskq.workflow_status[], name => $2::text, before => $3::uuid, max_rows => $4::integer)',
	cancelWorkflow: 'select taskq.cancel_workflow(workflow_id => $1::uuid, reason => $2::text) as status',
	retryWorkflow: 'select taskq.retry_workflow(workflow_id => $1::uuid) as retried',
	jobGraph: 'select taskq.job_graph(id => $1::uuid) as graph',
	graphMermaid: 'select taskq.graph_mermaid(id => $1::uuid) as mermaid',
	queues: 'select * from taskq.queues order by queue',
	pauseQueue: 'select taskq.pause_queue(queue => $1::text)',
	resumeQueue: 'select taskq.resume_queue(queue => $1::text)',
	workers: 'select * from taskq.workers order by started_at desc limit 1000',
	worker: 'select * from taskq.workers where worker_id = $1::uuid',
	drainWorker: 'select taskq.drain_worker(worker_id => $1::uuid)',
	undrainWorker: 'select taskq.undrain_worker(worker_id => $1::uuid)',
	setWorkerCapacity:
		'select taskq.set_worker_capacity(worker_id => $1::uuid, cpu_units => $2::numeric, memory_mb => $3::integer, resources => $4::jsonb)',
	claimPreview: 'select * from taskq.claim_preview(worker_id => $1::uuid, max_jobs => $2::integer)',
	simulate:
		'select taskq.simulate(worker_id => $1::uuid, cpu_units => $2::numeric, memory_mb => $3::integer, extra_workers => $4::integer) as simulation',
	listPools: 'select * from taskq.list_pools()',
	findPools: 'select * from taskq.list_pools() where pool = $1::text or queue = $2::text or type = $3::text',
	setPool: 'select taskq.set_pool(pool => $1::text, capacity => $2::numeric)',
	setRate: 'select taskq.set_rate(pool => $1::text, amount => $2::numeric, per_seconds => $3::numeric, burst => $4::numeric)',
	deletePool: 'select taskq.delete_pool(pool => $1::text)',
	/** Both limits at once, or none of them. */
	setLimits:
		'select case when $3::integer is not null then taskq.set_limit(queue => $1::text, type => $2::text, max_running => $3) end as pool, case when $4::numeric is not null then taskq.set_rate_limit(queue => $1, type => $2, jobs => $4, per_seconds => coalesce($5::numeric, 1), burst => $6::numeric) end as rate_pool',
	deleteLimits:
		'select p.pool, taskq.delete_pool(pool => p.pool) from taskq.list_pools() as p where p.queue = $1::text or p.type = $2::text',
	concurrencyKey: 'select * from taskq.concurrency_keys where concurrency_key = $1::text',
	concurrencyKeys: 'select * from taskq.concurrency_keys where concurrency_key > $1::text order by concurrency_key limit $2::integer',
	setConcurrencyLimit: 'select taskq.set_concurrency_limit(concurrency_key => $1::text, max_running => $2::integer)',
	schedules: 'select * from taskq.schedules where name > $1::text order by name limit $2::integer',
	schedule: 'select s.*, array(select * from taskq.next_runs(name => s.name)) as next_runs from taskq.schedules as s where name = $1::text',
	setSchedule:
		'select taskq.set_schedule(name => $1::text, job => $2::jsonb, cron => $3::text, every => $4::interval, time_zone => $5::text, catch_up => $6::text, starts_at => $7::timestamptz, ends_at => $8::timestamptz)',
	deleteSchedule: 'select taskq.delete_schedule(name => $1::text)',
	pauseSchedule: 'select taskq.pause_schedule(name => $1::text)',
	resumeSchedule: 'select taskq.resume_schedule(name => $1::text)',
	runSchedule: 'select taskq.run_schedule(name => $1::text) as job_id',
	nextRuns: 'select * from taskq.next_runs(name => $1::text, count => $2::integer) as run_at',
	previewSchedule:
		'select * from taskq.preview_schedule(cron => $1::text, every => $2::interval, time_zone => $3::text, count => $4::integer, after => $5::timestamptz) as run_at',
	taskTypes: 'select * from taskq.task_types order by type',
	readEvents: 'select taskq.read_events(since => $1::bigint, missing => $2::bigint[], max_events => $3::integer) as batch',
	streamPosition: 'select * from taskq.stream_position()',
	streamGaps: 'select * from taskq.stream_gaps()',
	lateEvents: 'select taskq.late_events(since => $1::bigint) as event_ids',
	authenticate: 'select * from taskq.authenticate(api_key => $1::text)',
	authenticateApiKey: 'select * from taskq.authenticate_api_key(api_key => $1::text)',
	liveApiKeys: 'select taskq.live_api_keys(key_ids => $1::text[]) as key_ids',
	issueTicket: 'select * from taskq.issue_ticket(api_key => $1::text)',
	redeemTicket: 'select * from taskq.redeem_ticket(ticket => $1::text)',
	hasApiKey: 'select taskq.has_api_key() as has_key',
	createApiKey: 'select taskq.create_api_key(name => $1::text, role => $2::text, expires_at => $3::timestamptz) as api_key',
	ping: 'select pg_notification_queue_usage() as queue_usage',
	readiness: "select pg_is_in_recovery() as in_recovery, to_regprocedure('taskq.submit_each(jsonb)') is not null as has_schema",
	issueApiKey:
		'select taskq.issue_api_key(name => $1::text, role => $2::text, queues => $3::text[], expires_at => $4::timestamptz) as api_key',
	rotateApiKey: 'select taskq.rotate_api_key(key_id => $1::text, grace_seconds => $2::integer) as api_key',
	revokeApiKey: 'select taskq.revoke_api_key(key_id => $1::text)',
	apiKeys: 'select * from taskq.api_keys order by created_at',
	becomeCaller:
		"select set_config('role', $1::text, true), set_config('statement_timeout', $2::text, true), set_config('taskq.door', $3::text, true), set_config('taskq.caller', $4::text, true), set_config('taskq.key_id', $5::text, true), set_config('taskq.queues', $6::text, true)",
	notify: "select pg_notify($1::text, '')",
} as const

export type Call = keyof typeof statements

/**
 * Sends one of the statements with its arguments in order (jsonb arguments as JSON text). Answers the rows.
 * Errors are the database's own, with `code` (docs/errors.md), `detail` and `hint`.
 */
export async function call<Row = Record<string, unknown>>(db: Queryable, name: Call, values: unknown[] = []): Promise<Row[]> {
	const { rows } = await db.query({ name, text: statements[name], values })
	return rows as Row[]
}

/** The same for a statement that answers one row. */
export async function callOne<Row = Record<string, unknown>>(db: Queryable, name: Call, values: unknown[] = []): Promise<Row> {
	const [row] = await call<Row>(db, name, values)
	if (!row) throw new Error(`${name} answered no row`)
	return row
}
