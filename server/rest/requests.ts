/** What bodies hold. check.ts says what is wrong with one. */
import { z } from 'zod'

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

/** As the database judges them (taskq_private.request_fields): told here, so that the document has them, and checked there. */
const range = (minimum: number, maximum: number) => z.number().meta({ minimum, maximum }).nullish()
const wholeRange = (minimum: number, maximum: number) => z.number().meta({ type: 'integer', minimum, maximum }).nullish()
const length = (maxLength: number) => z.string().meta({ minLength: 1, maxLength }).nullish()
const NAME = { minLength: 1, maxLength: 100, pattern: '^[A-Za-z0-9_.:-]+$' }
const SECONDS = 2_592_000

const retryConfig = z.strictObject({
	max_attempts: wholeRange(1, 1000),
	initial_delay_seconds: range(0, 86_400),
	backoff_multiplier: range(1, 100),
	max_delay_seconds: range(0, SECONDS),
	jitter: range(0, 1).describe('0 is none.'),
})

const dependency = z.unknown().meta({
	anyOf: [
		{ type: 'string', minLength: 1 },
		{
			type: 'object',
			properties: { job: { type: 'string', minLength: 1 }, condition: { enum: ['success', 'failure', 'finished', null] } },
			required: ['job'],
			additionalProperties: false,
		},
	],
})

/** The fields of `POST /jobs`. */
export const jobRequest = z.strictObject({
	type: z.string().meta({ ...NAME, description: 'A registered job type: `GET /task-types` lists them.' }),
	payload: z.unknown().optional().describe('What the task is given, at most 1 MiB and 64 levels deep; a text is read as JSON.'),
	queue: z.string().meta(NAME).nullish().describe('`default` unless it is given.'),
	priority: z
		.union([z.string(), z.number()], 'must be critical, high, normal, low, or a whole number from 1 to 10')
		.meta({ anyOf: [{ enum: ['critical', 'high', 'normal', 'low'] }, { type: 'integer', minimum: 1, maximum: 10 }] })
		.nullish(),
	run_at: z
		.string()
		.meta({ minLength: 1, maxLength: 64, format: 'date-time' })
		.nullish()
		.describe('Not before this instant, which has a time zone.'),
	timeout_seconds: wholeRange(1, SECONDS),
	idempotency_key: length(255).describe('One key, one job: a second submit under it is answered with the first job.'),
	depends_on: z.array(dependency).meta({ maxItems: 10_000 }).nullish().describe('Ids of jobs; in a batch also names of its jobs.'),
	on_dependency_failure: z
		.string()
		.meta({ enum: ['cancel', 'hold'] })
		.nullish(),
	metadata: anyObject.meta({ type: 'object' }).nullish().describe('At most 16 KiB to find the job by.'),
	name: length(200),
	created_by: length(200).describe('The name of the API key, where there is one: then it cannot be given.'),
	trace_context: length(512).describe('A W3C traceparent.'),
	/** Beside cpu and memory, whatever a worker or a pool has: the database knows the names. */
	resource_requirements: z
		.object({ cpu_units: range(0, 100_000), memory_mb: wholeRange(0, MAX_AMOUNT) })
		.catchall(number)
		.nullish()
		.describe('And whatever else a worker or a pool has, by its name.'),
	concurrency_key: length(255).describe('Jobs of one key share a limit.'),
	concurrency_limit: wholeRange(1, 1_000_000).describe('How many of them run at a time; needs the key.'),
	expected_seconds: range(0, SECONDS),
	retry_config: retryConfig.nullish(),
})

/** The fields of `POST /jobs/batch`; each of its jobs is checked for itself. */
export const batchRequest = z.strictObject({
	workflow: z
		.strictObject({
			name: z.string().meta({ minLength: 1, maxLength: 200 }),
			metadata: anyObject.meta({ type: 'object' }).nullish().describe('At most 16 KiB.'),
			idempotency_key: length(255),
		})
		.nullish(),
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
