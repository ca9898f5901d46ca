/** The lists that functions page by index: `jobs`, `workflows`, and the jobs of a workflow. */
import { type FieldArgs, lambda, type Step } from 'postgraphile/grafast'
import { extendSchema, gql, wrapPlans } from 'postgraphile/utils'
import { countOf, keyset } from './keyset.ts'
import { execute, extension, type Record$, type Resource, resourcesOf } from './plans.ts'
import { levelNumbers } from './priorities.ts'

const typeDefs = gql`
	"""What jobs must match, all of it; an index answers each."""
	input JobFilter {
		status: [JobStatus!]
		type: [String!]
		queue: [String!]
		"""From 1 (first) to 10. Beside priorityLevel it adds to it."""
		priority: [Int!]
		priorityLevel: [PriorityLevel!]
		"""This instant or later."""
		createdFrom: Datetime
		"""Before this instant."""
		createdTo: Datetime
		runAtFrom: Datetime
		runAtTo: Datetime
		"""Jobs whose metadata contains this."""
		metadata: JSON
		workflowId: UUID
	}
	"""The orders that an index has."""
	enum JobOrder {
		"""Newest first."""
		CREATED_DESC
		"""Oldest first."""
		CREATED_ASC
	}
	extend type Query {
		"""Jobs, page by page."""
		jobs(filter: JobFilter, orderBy: JobOrder! = CREATED_DESC): JobConnection
		"""Workflows, newest first, page by page."""
		workflows(status: [WorkflowStatus!], name: String): WorkflowConnection
	}
	extend type Workflow {
		"""The jobs of this workflow, page by page."""
		jobs(status: [JobStatus!], orderBy: JobOrder! = CREATED_DESC): JobConnection
	}
`

type Filter = { priority?: number[] | null; priorityLevel?: string[] | null } | null | undefined

/** The fields of a filter, as arguments of `page_jobs` and `count_jobs`. */
const columns = {
	status: 'status',
	type: 'type',
	queue: 'queue',
	created_from: 'createdFrom',
	created_to: 'createdTo',
	run_at_from: 'runAtFrom',
	run_at_to: 'runAtTo',
	metadata: 'metadata',
	workflow_id: 'workflowId',
}

function filtersOf(args: FieldArgs): Record<string, Step> {
	const priority = lambda(args.getRaw('filter'), (filter) => {
		const { priority, priorityLevel } = (filter as Filter) ?? {}
		return priority || priorityLevel ? [...(priority ?? []), ...levelNumbers(priorityLevel ?? [])] : null
	})
	return { ...Object.fromEntries(Object.entries(columns).map(([column, field]) => [column, args.getRaw(['filter', field])])), priority }
}

const filtersOfWorkflow = ($workflow: Record$, args: FieldArgs): Record<string, Step> => ({
	status: args.getRaw('status'),
	workflow_id: $workflow.get('workflow_id'),
})

/** Pages of `page_jobs` by these filters, in the order that is asked for. */
function jobsBy(resources: Record<string, Resource>, filters: Record<string, Step>, args: FieldArgs): Step {
	const $oldestFirst = lambda(args.getRaw('orderBy'), (order) => order === 'CREATED_ASC')
	return keyset({
		id: 'job_id',
		list: ($after, $limit) => execute(resources, 'page_jobs', { ...filters, after: $after, oldest_first: $oldestFirst, max_rows: $limit }),
		count: () => execute(resources, 'count_jobs', filters),
	})
}

function workflowsBy(resources: Record<string, Resource>, args: FieldArgs): Step {
	const filters = { status: args.getRaw('status'), name: args.getRaw('name') }
	return keyset({
		id: 'workflow_id',
		list: ($after, $limit) => execute(resources, 'list_workflows', { ...filters, before: $after, max_rows: $limit }),
	})
}

const fields = extendSchema((build) => {
	const resources = resourcesOf(build)
	return extension(typeDefs, {
		Query: {
			jobs: (_: Step, args: FieldArgs) => jobsBy(resources, filtersOf(args), args),
			workflows: (_: Step, args: FieldArgs) => workflowsBy(resources, args),
		},
		Workflow: { jobs: ($workflow: Record$, args: FieldArgs) => jobsBy(resources, filtersOfWorkflow($workflow, args), args) },
	})
})

/** Jobs are counted by a function, as their pages are listed by one. */
const counts = wrapPlans({ JobConnection: { totalCount: (_plan, $connection) => countOf($connection) } })

export const Lists: GraphileConfig.Preset = { plugins: [fields, counts] }
