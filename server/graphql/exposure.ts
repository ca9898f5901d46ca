/** What of schema `taskq` is in the GraphQL schema, and under which names. What is not listed here is not in it. */
import { type PgSmartTagRule, pgSmartTags } from 'postgraphile/utils'

interface View {
	/** A view has no constraints of its own: these say what is unique in it, and what it belongs to. */
	primaryKey: string
	row: string
	/** Paged from the root; left out where the view cannot be paged by an index. */
	list?: string
	/** The name of its rows as a field of their job. */
	ofJob?: string
}

const views: Record<string, View> = {
	jobs: { primaryKey: 'job_id', row: 'job' },
	job_executions: { primaryKey: 'job_id,claim_id', row: 'jobExecution', ofJob: 'executions' },
	job_logs: { primaryKey: 'job_id,log_id', row: 'jobLog', ofJob: 'logs' },
	dead_letters: { primaryKey: 'job_id', row: 'deadLetter', list: 'deadLetters' },
	queues: { primaryKey: 'queue', row: 'queue', list: 'queues' },
	workers: { primaryKey: 'worker_id', row: 'worker', list: 'workers' },
	task_types: { primaryKey: 'type', row: 'taskType', list: 'taskTypes' },
}

/** Functions by the kind of field that they become. */
const functions: Record<string, Record<string, string>> = {
	list_jobs: { behavior: '+queryField -connection -resource:connection +list +resource:list' },
	count_jobs: { behavior: '+queryField' },
	explain_job: { behavior: '+queryField -connection -resource:connection +list +resource:list' },
	submit_job: { behavior: '+mutationField +resource:single', resultFieldName: 'submitted' },
}

const isTaskq = (entity: { getNamespace(): { nspname: string } | undefined }) => entity.getNamespace()?.nspname === 'taskq'

function tagsOfView(name: string, { primaryKey, ofJob, list }: View): Record<string, string | string[]> {
	return {
		primaryKey,
		behavior: list ? '-query:resource:list +query:resource:connection' : '-query:resource:list -query:resource:connection',
		...(ofJob && {
			foreignKey: `(job_id) references taskq.jobs (job_id)|@foreignFieldName ${ofJob}|@behavior -singularRelation:resource:single`,
		}),
		...(name === 'jobs' && { name: 'job' }),
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
