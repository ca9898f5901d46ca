/** Shape and types of what comes in, with errors that name the field. Ranges are the database's to judge. */
import { z } from 'zod'
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

const text = z.string().nullish()
const number = z.number().nullish()
const flag = z.boolean().nullish()
/** Of cpu and memory, or a count: no sensible one is larger. */
const MAX_AMOUNT = 1_000_000_000
const between = (maximum: number) => `must be from 0 to ${maximum}`
export const cpuUnits = z.number().min(0, between(100_000)).max(100_000, between(100_000)).nullish()
/** A part of a rate; the database keeps three decimals. */
const rate = 'must be from 0.001 to 999999999'
export const ofRate = z.number().min(0.001, rate).max(999_999_999, rate).nullish()
export const wholeNumber = z.int('must be a whole number').min(0, between(MAX_AMOUNT)).max(MAX_AMOUNT, between(MAX_AMOUNT))
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
	/** Beside cpu and memory, whatever a worker or a pool has: the database knows the names. */
	resource_requirements: z.object({ cpu_units: number, memory_mb: number }).catchall(number).nullish(),
	concurrency_key: text,
	concurrency_limit: number,
	expected_seconds: number,
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

/** The fields of `POST /jobs/batch`; each of its jobs is checked for itself. */
export const batchRequest = z.strictObject({
	workflow: z.strictObject({ name: z.string(), metadata: anyObject.nullish(), idempotency_key: text }).nullish(),
	jobs: z.array(z.unknown()).min(1, 'must have at least one job'),
})

export const cancelRequest = z.strictObject({ reason: z.string().max(1000, 'must have at most 1000 characters').nullish() })
export const dependencyRequest = z.strictObject({
	depends_on: z.string(),
	condition: z.enum(['success', 'failure', 'finished']).nullish(),
})
export const retryRequest = z.strictObject({ with_dependents: flag })
export const deadLettersRequest = z.strictObject({
	type: text,
	queue: text,
	max_jobs: z.int('must be a whole number').min(1, 'must be from 1 to 10000').max(10_000, 'must be from 1 to 10000').nullish(),
	with_dependents: flag,
})
