import { SafeError } from 'postgraphile/grafast'
import { GraphQLError } from 'postgraphile/graphql'
import type { Log } from '../../db/log.ts'
import { doorKinds, type ErrorKind } from '../errors.ts'
import { type Problem, problemOf } from '../problem.ts'

export type MaskError = (error: GraphQLError) => GraphQLError

/** What a caller is told beside the message. */
export function extensionsOf({ kind, details }: Problem): Record<string, unknown> {
	return {
		code: kind.name,
		sqlstate: details.sqlstate,
		field: details.field,
		hint: details.hint ?? kind.hint,
		job_id: details.jobId,
		workflow_id: details.workflowId,
		state: details.state,
		members: details.members,
	}
}

const known = (kind: ErrorKind) => ({ code: kind.name, hint: kind.hint })

/** Errors that GraphQL itself makes, of the document or of its variables, say what is wrong but have no name. */
function named(error: GraphQLError): GraphQLError {
	if (error.extensions.code) return error
	const { nodes, source, positions, path, originalError } = error
	const hint = 'Mend the document or its variables; the schema says what there is.'
	const extensions = { ...error.extensions, code: doorKinds.invalid_request.name, hint }
	return new GraphQLError(error.message, { nodes, source, positions, path, originalError, extensions })
}

/** Says what a caller is told about an error: ours and those about its values by name, all else without details, which the log has. */
export function makeMaskError(log: Log): MaskError {
	return (error) => {
		const { originalError, nodes, source, positions, path } = error
		if (!originalError || originalError instanceof GraphQLError) return named(error)
		const extend = (message: string, extensions: Record<string, unknown>) =>
			new GraphQLError(message, { nodes, source, positions, path, originalError, extensions })
		// of a cursor, or that it took too long
		if (originalError instanceof SafeError)
			return extend(originalError.message, { ...known(doorKinds.invalid_request), ...originalError.extensions })
		const problem = problemOf(originalError)
		if (problem.kind !== doorKinds.internal) return extend(problem.message, extensionsOf(problem))
		log.error({ err: originalError, path }, 'a GraphQL request failed')
		return extend('An error that was not expected; the log has it.', known(doorKinds.internal))
	}
}

/** The errors of parsing and validation, which Grafserv answers as they are, have names as well. */
export const makeNamedErrors = (maskError: MaskError): GraphileConfig.Plugin => ({
	name: 'TaskqNamedErrors',
	grafserv: {
		middleware: {
			setPreset(next, event) {
				const { getExecutionConfig } = event
				event.getExecutionConfig = async function (ctx) {
					const config = await getExecutionConfig.call(this, ctx)
					const parseAndValidate: typeof config.parseAndValidate = (query) => {
						const read = config.parseAndValidate(query)
						return read.errors ? { errors: read.errors.map(maskError) } : read
					}
					return { ...config, parseAndValidate }
				}
				return next()
			},
		},
	},
})
