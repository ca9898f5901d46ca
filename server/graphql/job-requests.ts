/** The jobs that `submitJobs`, `submitEach` and `setSchedule` take: typed here, where the functions behind them take JSON. */
import { type FieldArgs, lambda, type Step } from 'postgraphile/grafast'
import type { GraphQLInputType } from 'postgraphile/graphql'
import { extendSchema, gql, type PlanWrapperFn, wrapPlans } from 'postgraphile/utils'
import { priorityGiven } from './priorities.ts'
import { withRaw } from './raw.ts'

const typeDefs = gql`
	"""A job to submit: its type, and what it does not leave to defaults, most of which are those of its type."""
	input JobRequestInput {
		type: String!
		"""What the task is given, at most 1 MiB and 64 levels deep."""
		payload: JSON
		"""A name for people, and for the other jobs of the call."""
		name: String
		queue: String
		"""From 1 (first) to 10."""
		priority: Int
		"""The priority by its name; give this or priority."""
		priorityLevel: PriorityLevel
		"""Not before this instant."""
		runAt: Datetime
		dependsOn: [JobRequestDependencyInput!]
		onDependencyFailure: DependencyFailurePolicy
		cpuUnits: Float
		memoryMb: Int
		"""Whatever else it takes, of its worker or of pools, such as {"gpu": 1}."""
		resources: JSON
		timeoutSeconds: Int
		expectedSeconds: Float
		retryConfig: RetryConfigInput
		"""One key, one job: a second submit under it is answered with the first job."""
		idempotencyKey: String
		"""Jobs of one key share a limit."""
		concurrencyKey: String
		concurrencyLimit: Int
		"""At most 16 KiB to find the job by."""
		metadata: JSON
		"""A W3C traceparent."""
		traceContext: String
	}
	"""What a job waits for."""
	input JobRequestDependencyInput {
		"""The id of a job, or the name of one of the same call."""
		job: String!
		condition: DependencyCondition
	}
	"""How often a job is tried, and how long it waits in between."""
	input RetryConfigInput {
		maxAttempts: Int
		initialDelaySeconds: Float
		backoffMultiplier: Float
		maxDelaySeconds: Float
		"""A share of the wait that is added at random; 0 is none."""
		jitter: Float
	}
	"""What makes jobs a workflow."""
	input WorkflowRequestInput {
		name: String!
		"""At most 16 KiB."""
		metadata: JSON
		idempotencyKey: String
	}
	extend input SubmitJobsInput {
		"""Left out, the jobs are no workflow."""
		workflow: WorkflowRequestInput
	}
`

type Given = Record<string, unknown>

const isGiven = (value: unknown): boolean => value !== null && value !== undefined
const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
/** What is given, by the names that SQL has. */
const named = (fields: Given): Given =>
	Object.fromEntries(
		Object.entries(fields)
			.filter(([, value]) => isGiven(value))
			.map(([name, value]) => [snakeCase(name), value]),
	)
/** The same as a field, if anything is given. */
const part = (name: string, fields: Given | null | undefined): Given => {
	const given = named(fields ?? {})
	return Object.keys(given).length > 0 ? { [name]: given } : {}
}

/** A job as taskq.submit_jobs() takes it. Throws a Problem for a priority that is given twice. */
function requestOf({ priority, priorityLevel, cpuUnits, memoryMb, resources, retryConfig, ...rest }: Given): Given {
	const needs = { ...(resources as Given | null), ...named({ cpuUnits, memoryMb }) }
	return {
		...named({ ...rest, priority: priorityGiven(priority, priorityLevel) }),
		...(Object.keys(needs).length > 0 && { resource_requirements: needs }),
		...part('retry_config', retryConfig as Given | null),
	}
}

const requestsOf = (jobs: unknown): Given[] => (jobs as Given[]).map(requestOf)
const graphOf = ([jobs, workflow]: readonly [unknown, unknown]): unknown =>
	workflow ? { ...part('workflow', workflow as Given), jobs: requestsOf(jobs) } : requestsOf(jobs)

/** Which field of which input takes jobs, whether many, and what becomes of them. */
const inputs: Record<string, { field: string; many: boolean; read: (args: FieldArgs) => Step }> = {
	submitJobs: {
		...{ field: 'jobs', many: true },
		read: (args) => lambda([args.getRaw(['input', 'jobs']), args.getRaw(['input', 'workflow'])] as [Step, Step], graphOf, false),
	},
	submitEach: { field: 'requests', many: true, read: (args) => lambda(args.getRaw(['input', 'requests']), requestsOf, false) },
	setSchedule: {
		field: 'job',
		many: false,
		read: (args) => lambda(args.getRaw(['input', 'job']), (job) => requestOf(job as Given), false),
	},
}

const inputNameOf = (mutation: string): string => `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`

/** Gives those fields their types. */
const typed: GraphileConfig.Plugin = {
	name: 'TaskqJobRequests',
	schema: {
		hooks: {
			GraphQLInputObjectType_fields(fields, build, { Self }) {
				const [, input] = Object.entries(inputs).find(([mutation]) => inputNameOf(mutation) === Self.name) ?? []
				if (!input) return fields
				const { GraphQLList, GraphQLNonNull } = build.graphql
				const one = new GraphQLNonNull(build.getInputTypeByName('JobRequestInput'))
				const type = input.many ? new GraphQLNonNull(new GraphQLList(one)) : one
				return { ...fields, [input.field]: { ...fields[input.field]!, type } }
			},
		},
	},
}

const wrapper =
	(json: () => GraphQLInputType, { field, read }: (typeof inputs)[string]): PlanWrapperFn =>
	(plan, $source, args) =>
		plan($source, withRaw(args, field, read(args), json()))

const plans = wrapPlans((build) => {
	const json = () => build.getTypeByName('JSON') as GraphQLInputType // there is none before the schema is there
	return { Mutation: Object.fromEntries(Object.entries(inputs).map(([mutation, input]) => [mutation, wrapper(json, input)])) }
})

export const JobRequests: GraphileConfig.Preset = { plugins: [extendSchema({ typeDefs }), typed, plans] }
