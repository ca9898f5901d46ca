/** What of schema `taskq` is in the GraphQL schema, and under which names. What is not listed here is not in it. */
import { type PgSmartTagRule, pgSmartTags } from 'postgraphile/utils'

interface View {
	/** A view has no constraints of its own: these say what is unique in it, and what it belongs to. */
	primaryKey: string
	row: string
	/** Paged from the root; left out where the view cannot be paged by an index. */
	list?: string
	/** The names of its rows as fields of a job, each with the column that holds the job's id. */
	ofJob?: Record<string, string>
}

const views: Record<string, View> = {
	jobs: { primaryKey: 'job_id', row: 'job' },
	job_executions: { primaryKey: 'job_id,claim_id', row: 'jobExecution', ofJob: { executions: 'job_id' } },
	job_logs: { primaryKey: 'job_id,log_id', row: 'jobLog', ofJob: { logs: 'job_id' } },
	job_dependencies: {
		primaryKey: 'job_id,depends_on_id',
		row: 'jobDependency',
		ofJob: { dependencies: 'job_id', dependents: 'depends_on_id' },
	},
	workflows: { primaryKey: 'workflow_id', row: 'workflow' },
	dead_letters: { primaryKey: 'job_id', row: 'deadLetter', list: 'deadLetters' },
	queues: { primaryKey: 'queue', row: 'queue', list: 'queues' },
	workers: { primaryKey: 'worker_id', row: 'worker', list: 'workers' },
	concurrency_keys: { primaryKey: 'concurrency_key', row: 'concurrencyKey' },
	schedules: { primaryKey: 'name', row: 'schedule', list: 'schedules' },
	task_types: { primaryKey: 'type', row: 'taskType', list: 'taskTypes' },
}

const list = { behavior: '+queryField -connection -resource:connection +list +resource:list' }
const value = { behavior: '+queryField' }
/** Changes nothing, though the functions that it shares with the claim could. */
const preview = { behavior: `${list.behavior} -mutationField` }
const mutation = (resultFieldName: string) => ({ behavior: '+mutationField +resource:single', resultFieldName })
/** Answers nothing but that it was done. */
const command = { behavior: '+mutationField' }

/** Functions by the kind of field that they become. */
const functions: Record<string, Record<string, string>> = {
	list_jobs: list,
	count_jobs: value,
	explain_job: list,
	list_workflows: list,
	job_graph: value,
	graph_mermaid: value,
	list_pools: list,
	claim_preview: preview,
	simulate: value,
	next_runs: list,
	preview_schedule: list,
	submit_job: mutation('submitted'),
	submit_jobs: { behavior: '+mutationField -connection -resource:connection +list +resource:list', resultFieldName: 'submitted' },
	add_dependency: mutation('status'),
	cancel_job: mutation('status'),
	cancel_workflow: mutation('status'),
	retry_workflow: mutation('retried'),
	retry_job: mutation('status'),
	set_limit: mutation('pool'),
	set_rate_limit: mutation('pool'),
	set_pool: command,
	set_rate: command,
	delete_pool: command,
	set_concurrency_limit: command,
	set_worker_capacity: command,
	drain_worker: command,
	set_schedule: mutation('nextRunAt'),
	resume_schedule: mutation('nextRunAt'),
	run_schedule: mutation('jobId'),
	pause_schedule: command,
	delete_schedule: command,
}

/** From a job to its workflow; the jobs of a workflow are listed by `listJobs`, which an index answers. */
const workflowOfJob =
	'(workflow_id) references taskq.workflows (workflow_id)|@fieldName workflow|@behavior -manyRelation:resource:list -manyRelation:resource:connection'

const isTaskq = (entity: { getNamespace(): { nspname: string } | undefined }) => entity.getNamespace()?.nspname === 'taskq'

function tagsOfView(name: string, { primaryKey, ofJob, list }: View): Record<string, string | string[]> {
	return {
		primaryKey,
		behavior: list ? '-query:resource:list +query:resource:connection' : '-query:resource:list -query:resource:connection',
		...(ofJob && {
			foreignKey: Object.entries(ofJob).map(
				([field, column]) =>
					`(${column}) references taskq.jobs (job_id)|@foreignFieldName ${field}|@behavior -singularRelation:resource:single`,
			),
		}),
		...(name === 'jobs' && { name: 'job', foreignKey: workflowOfJob }),
	}
}

// the later rule wins
const rules: PgSmartTagRule[] = [
	{ kind: 'class', match: isTaskq, tags: { behavior: '-*' } },
	{ kind: 'procedure', match: isTaskq, tags: { behavior: '-*' } },
	...Object.entries(views).map(([name, view]) => ({ kind: 'class' as const, match: `taskq.${name}`, tags: tagsOfView(name, view) })),
	...Object.entries(functions).map(([name, tags]) => ({ kind: 'procedure' as const, match: `taskq.${name}`, tags })),
]

export const Exposure: GraphileConfig.Plugin = pgSmartTags(rules, null, { name: 'TaskqExposure' })

/** `job(jobId)`, `queues` and `listJobs` rather than `jobByJobId`, `allQueues` and `listJobsList`. */
export const Names: GraphileConfig.Plugin = {
	name: 'TaskqNames',
	inflection: {
		replace: {
			rowByUnique: (previous, _options, details) => views[nameOf(details.resource)]?.row ?? previous!(details),
			customQueryListField(_previous, _options, details) {
				return this.customQueryField(details)
			},
			allRowsConnection: (previous, _options, resource) => views[nameOf(resource)]?.list ?? previous!(resource),
		},
	},
}

const nameOf = ({ extensions }: { extensions?: { pg?: { name?: string } } }) => extensions?.pg?.name ?? ''
