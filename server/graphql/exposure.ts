/** What of schema `taskq` is in the GraphQL schema, and under which names. What is not listed here is not in it. */
import { type PgSmartTagRule, pgSmartTags } from 'postgraphile/utils'
import { functions } from './functions.ts'

interface View {
	/** A view has no constraints of its own: these say what is unique in it, and what it belongs to. */
	primaryKey: string
	row: string
	/** Paged from the root; left out where the view cannot be paged by an index. */
	list?: string
	/** The job that a row belongs to: the column that holds its id, the field that leads to it, and the field of a job that leads back. */
	toJob?: [column: string, field: string, back?: string][]
	/** The same for workers and workflows, which do not lead back: no index would answer that. */
	to?: [column: string, view: string, field: string][]
}

const worker: [string, string, string] = ['worker_id', 'workers', 'worker']

const views: Record<string, View> = {
	jobs: { primaryKey: 'job_id', row: 'job', to: [worker, ['workflow_id', 'workflows', 'workflow']] },
	job_executions: { primaryKey: 'job_id,claim_id', row: 'jobExecution', toJob: [['job_id', 'job', 'executions']], to: [worker] },
	job_logs: { primaryKey: 'job_id,log_id', row: 'jobLog', toJob: [['job_id', 'job', 'logs']] },
	job_dependencies: {
		primaryKey: 'job_id,depends_on_id',
		row: 'jobDependency',
		toJob: [
			['job_id', 'job', 'dependencies'],
			['depends_on_id', 'dependsOn', 'dependents'],
		],
	},
	workflows: { primaryKey: 'workflow_id', row: 'workflow' },
	dead_letters: { primaryKey: 'job_id', row: 'deadLetter', list: 'deadLetters', toJob: [['job_id', 'job']] },
	queues: { primaryKey: 'queue', row: 'queue', list: 'queues' },
	workers: { primaryKey: 'worker_id', row: 'worker', list: 'workers' },
	concurrency_keys: { primaryKey: 'concurrency_key', row: 'concurrencyKey', list: 'concurrencyKeys' },
	schedules: { primaryKey: 'name', row: 'schedule', list: 'schedules' },
	task_types: { primaryKey: 'type', row: 'taskType', list: 'taskTypes' },
}

const FORWARD_ONLY = '-manyRelation:resource:list -manyRelation:resource:connection -singularRelation:resource:single'

function foreignKeysOf({ toJob = [], to = [] }: View): string[] {
	return [
		...toJob.map(([column, field, back]) =>
			back
				? `(${column}) references taskq.jobs (job_id)|@fieldName ${field}|@foreignFieldName ${back}`
				: `(${column}) references taskq.jobs (job_id)|@fieldName ${field}|@foreignBehavior ${FORWARD_ONLY}`,
		),
		...to.map(
			([column, view, field]) => `(${column}) references taskq.${view} (${column})|@fieldName ${field}|@foreignBehavior ${FORWARD_ONLY}`,
		),
	]
}

const hidden = '-query:resource:list -query:resource:connection'

const isTaskq = (entity: { getNamespace(): { nspname: string } | undefined }) => entity.getNamespace()?.nspname === 'taskq'

function tagsOfView(name: string, view: View): Record<string, string | string[]> {
	const foreignKey = foreignKeysOf(view)
	return {
		primaryKey: view.primaryKey,
		behavior: view.list ? '-query:resource:list +query:resource:connection' : hidden,
		...(foreignKey.length > 0 && { foreignKey }),
		...(name === 'jobs' && { name: 'job' }),
		...(name === 'workflows' && { behavior: `${hidden} -totalCount` }), // counted by no index
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
