/** Who may use what, as it is meant: `docs/access.md` is this table (`node test/access/table.ts > docs/access.md`), and access.test.ts tries every cell. */

export const ROLES = ['taskq_reader', 'taskq_client', 'taskq_worker', 'taskq_operator', 'taskq_admin'] as const
export type Role = (typeof ROLES)[number]

/** What a key for some queues gets of it: what is of its queues; a refusal; nothing, as if there were none; or all, since no queue is concerned. */
type Scope = 'own' | 'refused' | 'hidden' | 'all'
type Request = [method: string, path: string, body?: unknown]

export interface Entry {
	kind: 'function' | 'view'
	audience: readonly Role[]
	scope: Scope
	/** Requests that use it, which go as far as the database. */
	rest: readonly Request[]
	/** Other names that these requests use, and so want the right to. */
	besides: readonly string[]
	/** Arguments that reach the refusal of a key for some queues, where none do not. */
	refusedWith: string
}

const up = {
	reader: ['taskq_reader', 'taskq_client', 'taskq_operator', 'taskq_admin'],
	client: ['taskq_client', 'taskq_operator', 'taskq_admin'],
	worker: ['taskq_worker', 'taskq_admin'],
	operator: ['taskq_operator', 'taskq_admin'],
	admin: ['taskq_admin'],
	readerAndWorker: ROLES,
	operatorAndWorker: ['taskq_worker', 'taskq_operator', 'taskq_admin'],
} satisfies Record<string, readonly Role[]>
type Audience = keyof typeof up

const ID = '00000000-0000-7000-8000-000000000000'
const entry =
	(kind: Entry['kind']) =>
	(audience: Audience, scope: Scope, rest: Request[] = [], { besides = [], refusedWith = '' }: Partial<Entry> = {}): Entry => ({
		kind,
		audience: up[audience],
		scope,
		rest,
		besides,
		refusedWith,
	})
const view = entry('view')
const fn = entry('function')

const views: Record<string, Entry> = {
	jobs: view('reader', 'own'),
	job_executions: view('reader', 'own', [['GET', `/jobs/${ID}/executions`]], { besides: ['get_job', 'get_jobs'] }),
	job_logs: view('reader', 'own', [['GET', `/jobs/${ID}/logs`]], { besides: ['get_job', 'get_jobs'] }),
	job_dependencies: view('reader', 'own', [['GET', `/jobs/${ID}/dependencies`]], { besides: ['get_job', 'get_jobs'] }),
	dead_letters: view('reader', 'own', [['GET', '/dead-letters']]),
	workflows: view('reader', 'own'),
	queues: view('reader', 'own', [['GET', '/queues']]),
	task_types: view('reader', 'all', [['GET', '/task-types']]),
	workers: view('reader', 'hidden', [['GET', '/workers']]),
	concurrency_keys: view('reader', 'hidden', [
		['GET', '/concurrency-keys'],
		['GET', '/concurrency-keys/x'],
	]),
	schedules: view('reader', 'own', [
		['GET', '/schedules'],
		['GET', '/schedules/none'],
	]),
	status: view('reader', 'refused'),
	top: view('reader', 'own'),
	health: view('reader', 'refused'),
	audit_log: view('operator', 'hidden'),
	api_keys: view('admin', 'hidden'),
}

const reads: Record<string, Entry> = {
	get_job: fn('reader', 'own', [['GET', `/jobs/${ID}`]]),
	get_jobs: fn('reader', 'own'),
	list_jobs: fn('reader', 'own', [['GET', '/jobs']]),
	page_jobs: fn('reader', 'own'),
	job_statistics: fn('reader', 'own'),
	count_jobs: fn('reader', 'own'),
	explain_job: fn('reader', 'own', [['GET', `/jobs/${ID}/why`]]),
	parent_results: fn('readerAndWorker', 'own'),
	list_workflows: fn('reader', 'own', [['GET', '/workflows']]),
	get_workflow: fn('reader', 'own', [['GET', `/workflows/${ID}`]]),
	job_graph: fn('reader', 'own', [
		['GET', `/jobs/${ID}/graph`],
		['GET', `/workflows/${ID}/graph`],
	]),
	critical_path: fn('reader', 'own'),
	graph_mermaid: fn('reader', 'own', [['GET', `/jobs/${ID}/graph?format=mermaid`]]),
	list_pools: fn('reader', 'own', [
		['GET', '/pools'],
		['GET', '/queues/x/limit'],
	]),
	read_status: fn('reader', 'refused'),
	list_running: fn('reader', 'own'),
	check_health: fn('reader', 'refused'),
	list_type_times: fn('reader', 'own'),
	next_runs: fn('reader', 'own'),
	preview_schedule: fn('reader', 'all'),
	claim_preview: fn('reader', 'refused', [['GET', `/workers/${ID}/preview`]]),
	simulate: fn('reader', 'refused', [['POST', '/simulations', {}]]),
	read_events: fn('reader', 'own'),
	stream_position: fn('reader', 'all'),
	stream_gaps: fn('reader', 'all'),
	late_events: fn('reader', 'all'),
	redact: fn('reader', 'all'),
}

const acts: Record<string, Entry> = {
	submit_job: fn('client', 'own'),
	submit_jobs: fn('client', 'own', [['POST', '/jobs/batch', { jobs: [{ type: 'echo' }] }]]),
	submit_each: fn('client', 'own', [['POST', '/jobs', { type: 'echo' }]]),
	add_dependency: fn('client', 'own', [['POST', `/jobs/${ID}/dependencies`, { depends_on: ID }]]),
	cancel_job: fn('client', 'own', [['PATCH', `/jobs/${ID}/cancel`]]),
	cancel_workflow: fn('client', 'own', [['PATCH', `/workflows/${ID}/cancel`]]),
	retry_job: fn('operator', 'own', [
		['POST', `/jobs/${ID}/retries`],
		['POST', `/dead-letters/${ID}/retries`],
	]),
	retry_workflow: fn('operator', 'own', [['POST', `/workflows/${ID}/retries`]]),
	retry_dead_letters: fn('operator', 'own', [['POST', '/dead-letters/retries', { type: 'none' }]]),
	discard_job: fn('operator', 'own', [['DELETE', `/dead-letters/${ID}`]]),
	discard_dead_letters: fn('operator', 'own', [['DELETE', '/dead-letters?type=none']]),
	pause_queue: fn('operator', 'own', [['PUT', '/queues/x/pause']]),
	resume_queue: fn('operator', 'own', [['DELETE', '/queues/x/pause']]),
	set_queue_aging: fn('operator', 'own'),
	set_limit: fn('operator', 'own', [['PUT', '/queues/x/limit', { max_running: 1 }]]),
	set_rate_limit: fn('operator', 'own', [['PUT', '/queues/x/limit', { jobs: 1 }]]),
	delete_pool: fn('operator', 'own', [['DELETE', '/pools/none']]),
	set_schedule: fn('operator', 'own', [['PUT', '/schedules/none', { job: { type: 'none' }, cron: '@daily' }]]),
	delete_schedule: fn('operator', 'own', [['DELETE', '/schedules/none']]),
	pause_schedule: fn('operator', 'own', [['PUT', '/schedules/none/pause']]),
	resume_schedule: fn('operator', 'own', [['DELETE', '/schedules/none/pause']]),
	run_schedule: fn('operator', 'own', [['POST', '/schedules/none/runs']]),
	set_pool: fn('operator', 'refused', [['PUT', '/pools/p', { capacity: 1 }]], { refusedWith: `'p', 1` }),
	set_rate: fn('operator', 'refused', [['PUT', '/pools/r', { amount: 1, per_seconds: 1 }]], { refusedWith: `'p', 1, 1` }),
	set_concurrency_limit: fn('operator', 'refused', [['PUT', '/concurrency-keys/x', { max_running: 1 }]]),
	cancel_queue: fn('operator', 'own'),
	undrain_worker: fn('operator', 'refused', [['DELETE', `/workers/${ID}/drain`]]),
	drain_worker: fn('operator', 'refused', [['POST', `/workers/${ID}/drain`]]),
	set_worker_capacity: fn('operator', 'refused', [['PATCH', `/workers/${ID}/capacity`, { cpu_units: 1 }]]),
	configure: fn('admin', 'refused'),
	create_api_key: fn('admin', 'refused'),
	issue_api_key: fn('admin', 'refused'),
	rotate_api_key: fn('admin', 'refused'),
	revoke_api_key: fn('admin', 'refused'),
}

const processes: Record<string, Entry> = {
	...Object.fromEntries(
		[
			...['register_worker', 'register_task_types', 'hold_worker_session', 'claim_next_job', 'heartbeat', 'log_jobs', 'report_progress'],
			...['complete_job', 'fail_job', 'stop_worker', 'release_unknown_claims'],
		].map((name) => [name, fn('worker', 'all')]),
	),
	tick: fn('operatorAndWorker', 'all'),
	authenticate: fn('operator', 'all'),
	authenticate_api_key: fn('operator', 'all'),
	has_api_key: fn('operator', 'all'),
	live_api_keys: fn('operator', 'all'),
	issue_ticket: fn('operator', 'all'),
	redeem_ticket: fn('operator', 'all'),
}

export const table: Record<string, Entry> = { ...views, ...reads, ...acts, ...processes }

/** Fields of the GraphQL schema whose name is not that of what they use, written as one word. */
const FIELDS: Record<string, string> = {
	...{ job: 'jobs', workflow: 'workflows', queue: 'queues', worker: 'workers', taskType: 'task_types', concurrencyKey: 'concurrency_keys' },
	...{
		jobExecution: 'job_executions',
		jobLog: 'job_logs',
		jobDependency: 'job_dependencies',
		deadLetter: 'dead_letters',
		schedule: 'schedules',
	},
}

/** What a field of the GraphQL schema uses; undefined for what this table does not have. */
export function nameOfField(field: string): string | undefined {
	const name = FIELDS[field] ?? field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
	return name in table ? name : undefined
}

const SCOPES: Record<Scope, string> = { own: 'its queues', refused: 'refused', hidden: 'nothing', all: 'all' }
const mark = (is: boolean) => (is ? 'yes' : '·')

const row = ([name, { audience, scope, rest }]: [string, Entry]) =>
	`| \`${name}\` | ${ROLES.map((role) => mark(audience.includes(role))).join(' | ')} | ${SCOPES[scope]} | ${rest
		.map(([method, path]) => `\`${method} ${path.replace(ID, ':id').replace(/\?.*/, '')}\``)
		.join(' ')} |`
const section = (title: string, entries: Record<string, Entry>) =>
	[
		`## ${title}`,
		'',
		'| | reader | client | worker | operator | admin | a key for some queues | REST |',
		'| --- | --- | --- | --- | --- | --- | --- | --- |',
		...Object.entries(entries).map(row),
		'',
	].join('\n')

export const render = (): string => `# Who may use what

Generated by \`node test/access/table.ts > docs/access.md\`. The test suite holds it against the database's catalog and tries every cell:
under each role in SQL, and with a key of each role at REST, GraphQL and WebSocket. What is not here is nobody's.

A role has what its columns say by grants alone, so that psql meets the same walls as every door. A key for some queues
(\`taskq.issue_api_key(…, queues => '{mail}')\`) gets only what is of these queues. The door says so to the database in the setting
\`taskq.queues\`; in psql that setting narrows what one sees, but is no wall: there the grants are. Keys of role taskq_worker open no door: workers log in to the
database.

${section('Views', views)}
${section('Functions that read', reads)}
${section('Functions that act', acts)}
${section("Functions of taskq's own processes", processes)}`

if (import.meta.main) process.stdout.write(render())
