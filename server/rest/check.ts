/** Shape and types of what comes in, with errors that name the field. Ranges are the database's to judge. */
import type { z } from 'zod'
import { doorKinds } from '../errors.ts'
import { type FieldError, Problem } from '../problem.ts'

/** What is wrong is told, not repeated: a body can hold a million unknown names, and a name as long as the body. */
const MAX_ERRORS = 100
const MAX_NAME = 200

const types: Record<string, string> = {
	string: 'must be a text',
	number: 'must be a number',
	object: 'must be an object',
	array: 'must be a list',
	boolean: 'must be true or false',
}

function messageOf(issue: z.core.$ZodIssue, field: string): string {
	if (issue.code === 'invalid_type' && issue.input === undefined) return `${field} is required`
	if (issue.code === 'invalid_type' && types[issue.expected]) return `${field} ${types[issue.expected]}`
	if (issue.code === 'invalid_value') return `${field} must be one of ${issue.values.join(', ')}`
	return `${field} ${issue.message}`
}

function errorsOf(issues: z.core.$ZodIssue[], whole: string): FieldError[] {
	return issues.flatMap((issue) => {
		const path = issue.path.map(String)
		if (issue.code === 'unrecognized_keys')
			return issue.keys.slice(0, MAX_ERRORS).map((key) => {
				const field = [...path, key.slice(0, MAX_NAME)].join('.')
				return { field, message: `${field} is not a field of ${whole}` }
			})
		const field = path.join('.') || 'body'
		return [{ field, message: field === 'body' ? `${whole} must be an object` : messageOf(issue, field) }]
	})
}

/** Throws a Problem that names every wrong field; `whole` says what the fields belong to. */
export function check<S extends z.ZodType>(schema: S, value: unknown, whole: string): z.output<S> {
	const parsed = schema.safeParse(value, { reportInput: true })
	if (parsed.success) return parsed.data
	const errors = errorsOf(parsed.error.issues, whole)
	const [first] = errors
	throw new Problem(doorKinds.invalid_request, errors.map(({ message }) => message).join('; '), {
		field: first!.field,
		errors,
		hint: 'Mend what is named and send it again.',
	})
}
