/** Functions of schema `taskq` by the kind of field that they become. */

const list = { behavior: '+queryField -connection -resource:connection +list +resource:list' }
const value = { behavior: '+queryField' }
/** Changes nothing, though the functions that it shares with the claim could. */
const preview = { behavior: `${list.behavior} -mutationField` }
const mutation = (resultFieldName: string) => ({ behavior: '+mutationField +resource:single', resultFieldName })
const mutationOfList = (resultFieldName: string) => ({
	behavior: '+mutationField -connection -resource:connection +list +resource:list',
	resultFieldName,
})
/** Answers nothing but that it was done. */
const command = { behavior: '+mutationField' }

export const functions: Record<string, Record<string, string>> = {
	list_jobs: list,
	count_jobs: value,
	job_statistics: list,
	explain_job: list,
	list_workflows: list,
	job_graph: value,
	graph_mermaid: value,
	critical_path: list,
	list_pools: list,
	claim_preview: preview,
	simulate: value,
	next_runs: list,
	preview_schedule: list,
	list_type_times: list,
	list_running: list,
	read_status: list,
	check_health: list,

	submit_job: mutation('submitted'),
	submit_jobs: mutationOfList('submitted'),
	submit_each: mutationOfList('submitted'),
	add_dependency: mutation('status'),
	cancel_job: mutation('status'),
	cancel_workflow: mutation('status'),

	retry_job: mutation('status'),
	retry_workflow: mutation('retried'),
	retry_dead_letters: mutation('retried'),
	discard_job: command,
	discard_dead_letters: mutation('discarded'),
	pause_queue: command,
	resume_queue: command,
	set_queue_aging: command,
	drain_worker: command,
	set_worker_capacity: command,
	set_limit: mutation('pool'),
	set_rate_limit: mutation('pool'),
	set_pool: command,
	set_rate: command,
	delete_pool: command,
	set_concurrency_limit: command,
	cancel_queue: mutation('asked'),
	undrain_worker: command,
	set_schedule: mutation('nextRunAt'),
	resume_schedule: mutation('nextRunAt'),
	run_schedule: mutation('jobId'),
	pause_schedule: command,
	delete_schedule: command,

	configure: mutation('settings'),
	create_api_key: mutation('apiKey'),
	issue_api_key: mutation('apiKey'),
	rotate_api_key: mutation('apiKey'),
	revoke_api_key: command,
}

/** What users, operators and administrators may call, and why it is no field. */
export const notFields: Record<string, string> = {
	get_job: 'the field `job` reads the same, and what belongs to it',
	get_jobs: 'reads for the field `jobs`',
	page_jobs: 'reads for the field `jobs`',
	get_workflow: 'the field `workflow` reads the same',
	parent_results: 'for handlers; the field `dependencies` of a job leads to the results of its parents',
	read_events: 'subscriptions are fed by it',
	stream_position: 'subscriptions ask it where they begin',
	stream_gaps: 'the hub of the stream asks it',
	late_events: 'the hub of the stream asks it',
	redact: 'views call it for what they show',
	tick: 'servers call it each second',
	authenticate_api_key: 'servers call it for each key',
	live_api_keys: 'servers ask it about the keys of open WebSockets',
	issue_ticket: '`POST /tickets` is made for browsers',
	redeem_ticket: 'servers call it at an upgrade',
	authenticate: 'servers call it for each key',
	has_api_key: 'servers call it as they start',
}
