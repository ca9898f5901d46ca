/** Shape and types of what comes in, with errors that name the field. Ranges are the database's to judge. */
import { z } from 'zod'
import { doorKinds } from '../errors.ts'
import { type FieldError, Problem } from '../problem.ts'

const types: Record<string, string> = {
	string: 'must be a text',
	number: 'must be a number',
	object: 'must be an object',
	array: 'must be a list',
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
			return issue.keys.map((key) => {
				const field = [...path, key].join('.')
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

const text = z.string().nullish()
const number = z.number().nullish()
const anyObject = z.custom<Record<string, unknown>>(
	(value) => typeof value === 'object' && value !== null && !Array.isArray(value),
	'must be an object',
)

/** The fields of `POST /jobs`. */
export const jobRequest = z.strictObject({
	type: z.string(),
	payload: z.unknown().optional(),
	queue: text,
	priority: z.union([z.string(), z.number()], 'must be critical, high, normal, low, or a whole number from 1 to 10').nullish(),
	run_at: text,
	timeout_seconds: number,
	idempotency_key: text,
	depends_on: z.array(z.unknown()).nullish(),
	on_dependency_failure: text,
	metadata: anyObject.nullish(),
	name: text,
	created_by: text,
	trace_context: text,
	resource_requirements: z.strictObject({ cpu_units: number, memory_mb: number }).nullish(),
	retry_config: z
		.strictObject({
			max_attempts: number,
			initial_delay_seconds: number,
			backoff_multiplier: number,
			max_delay_seconds: number,
			jitter: number,
		})
		.nullish(),
})

export const cancelRequest = z.strictObject({ reason: z.string().max(1000, 'must have at most 1000 characters').nullish() })
export const dependencyRequest = z.strictObject({ depends_on: z.string() })
export const deadLettersRequest = z.strictObject({
	type: text,
	queue: text,
	max_jobs: z.int('must be a whole number').min(1, 'must be from 1 to 10000').max(10_000, 'must be from 1 to 10000').nullish(),
})
