/** The names of priorities as an enum. Where a priority is given as a text or a number, that goes on working. */
import { lambda, type Step } from 'postgraphile/grafast'
import { extendSchema, gql, wrapPlans } from 'postgraphile/utils'
import { invalid } from '../problem.ts'
import { LEVELS, priorityName, priorityNumber } from '../rest/priority.ts'
import { extension, type Record$ } from './plans.ts'
import { withRaw } from './raw.ts'

export const levelNumbers = (levels: readonly string[]): number[] => levels.map((level) => priorityNumber(level)!)

const typeDefs = gql`
	"""The priorities that have names: 1, 2, 3 and 4 of 1 (first) to 10."""
	enum PriorityLevel {
		${LEVELS.join('\n')}
	}
	extend type Job {
		"""The name of the priority; null for one of 5 to 10."""
		priorityLevel: PriorityLevel
	}
	extend input SubmitJobInput {
		"""The priority by its name; give this or priority."""
		priorityLevel: PriorityLevel
	}
`

/** Its name, as the enum has it. */
function levelOf(priority: unknown): string | null {
	const name = priorityName(priority as number)
	return typeof name === 'string' ? name : null
}

const fields = extendSchema(extension(typeDefs, { Job: { priorityLevel: ($job: Record$) => lambda($job.get('priority'), levelOf) } }))

/** Whichever of the two is given. Throws a Problem where both are. */
export function priorityGiven(priority: unknown, level: unknown): unknown {
	if (priority != null && level != null) throw invalid('priorityLevel', 'priority and priorityLevel are the same thing: give one of them')
	return level ?? priority
}

const levels = wrapPlans({
	Mutation: {
		submitJob(plan, $source, args) {
			const given = [args.getRaw(['input', 'priority']), args.getRaw(['input', 'priorityLevel'])] as [Step, Step]
			return plan(
				$source,
				withRaw(
					args,
					'priority',
					lambda(given, ([priority, level]) => priorityGiven(priority, level), false),
				),
			)
		},
	},
})

export const Priorities: GraphileConfig.Preset = { plugins: [fields, levels] }
