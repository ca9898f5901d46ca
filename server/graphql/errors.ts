import { GraphQLError } from 'postgraphile/graphql'
import { doorKinds } from '../errors.ts'
import { problemOf } from '../problem.ts'

/** What a caller is told about an error: ours and those about its values by name, all else without details. */
export function maskError(error: GraphQLError): GraphQLError {
	const { originalError, nodes, source, positions, path } = error
	if (!originalError || originalError instanceof GraphQLError) return error
	const { kind, message, details } = problemOf(originalError)
	const shown = kind === doorKinds.internal ? 'An error that was not expected; the log has it.' : message
	const extensions = {
		code: kind.name,
		sqlstate: details.sqlstate,
		field: details.field,
		hint: details.hint ?? kind.hint,
		job_id: details.jobId,
		workflow_id: details.workflowId,
		state: details.state,
		members: details.members,
	}
	return new GraphQLError(shown, { nodes, source, positions, path, originalError, extensions })
}
