import { z } from 'zod'
import type { Handler } from './job.ts'

export type { Handler, Job, JobLog, LogLevel, ParentResult, Parents } from './job.ts'

/** `inline`: async, in the worker. `thread`: cpu-bound, killed at timeout. `process`: a command in any language. */
export type Isolation = 'inline' | 'thread' | 'process'

export interface RetryOptions {
	maxAttempts?: number
	initialDelaySeconds?: number
	backoffMultiplier?: number
	maxDelaySeconds?: number
	/** Share of the delay added at random: 0 for none, at most 1. */
	jitter?: number
}

export interface TaskOptions<S extends z.ZodType> {
	/** The name that jobs give as `type`. */
	type: string
	description?: string
	/** Checked at submit (as JSON Schema, kept with the type) and again before the handler runs. */
	payload: S
	/** What a job of this type takes from its worker unless it says otherwise. */
	cpuUnits?: number
	memoryMb?: number
	/** What else it takes, of its worker or of a pool: `{ gpu: 1, stripe_api: 1 }`. */
	resources?: Record<string, number>
	timeoutSeconds?: number
	retry?: RetryOptions
	isolation?: Isolation
	/**
	 * `process` only: the program and its arguments. The payload comes as JSON on stdin, the result goes to stdout, as JSON or
	 * plain text; lines on stderr are logged. File descriptor 3 holds the parents as JSON, the object that `job.parents()`
	 * answers, `{}` without any: `jq .fetch.result <&3`, `json.load(open(3))` in Python, `fs.readFileSync(3)` in Node. Both
	 * inputs are sockets, which cannot be opened as `/dev/stdin` or `/dev/fd/3`, and neither need be read.
	 */
	command?: [string, ...string[]]
}

export interface Task {
	readonly type: string
	readonly description: string
	readonly payload: z.ZodType
	readonly payloadSchema: Record<string, unknown>
	readonly cpuUnits: number | undefined
	readonly memoryMb: number | undefined
	readonly resources: Record<string, number> | undefined
	readonly timeoutSeconds: number | undefined
	readonly retry: RetryOptions
	readonly isolation: Isolation
	readonly command: [string, ...string[]] | undefined
	readonly handler: Handler<unknown>
}

/** An error that no retry can mend: the job fails at once, whatever attempts are left. */
export class FatalError extends Error {
	override readonly name = 'FatalError'
}

/** An error that says itself when to try again. */
export class RetryAfterError extends Error {
	override readonly name = 'RetryAfterError'
	readonly seconds: number
	constructor(seconds: number, message: string, options?: ErrorOptions) {
		super(message, options)
		this.seconds = seconds
	}
}

/**
 * Wraps a function as a task that workers can run. The worker does the rest: claiming, the timeout, logging, errors.
 *
 * @example
 * export const greet = task({ type: 'greet', payload: z.object({ name: z.string() }) }, async ({ name }, job) => {
 * 	job.log.info(`greeting ${name}`)
 * 	return { greeting: `Hello ${name}` }
 * })
 */
export function task<S extends z.ZodType>(options: TaskOptions<S>, handler?: Handler<z.output<S>>): Task {
	const { type, isolation = 'inline' } = options
	if (!/^[\w.:-]{1,100}$/.test(type)) throw new TypeError(`task type ${JSON.stringify(type)}: use 1 to 100 of A-Z a-z 0-9 _ . : -`)
	if (isolation === 'process' ? !options.command : !handler)
		throw new TypeError(`task ${type}: ${isolation === 'process' ? '`process` isolation needs a `command`' : 'needs a handler'}`)

	const { $schema: _, ...payloadSchema } = z.toJSONSchema(options.payload, { io: 'input', unrepresentable: 'any' }) as Record<
		string,
		unknown
	>
	return {
		type,
		description: options.description ?? '',
		payload: options.payload,
		payloadSchema,
		cpuUnits: options.cpuUnits,
		memoryMb: options.memoryMb,
		resources: options.resources,
		timeoutSeconds: options.timeoutSeconds,
		retry: options.retry ?? {},
		isolation,
		command: options.command,
		handler: (handler ?? (() => undefined)) as Handler<unknown>,
	}
}

/** A task as `register_task_types` takes it. */
export const registration = (task: Task) => ({
	type: task.type,
	description: task.description,
	payload_schema: task.payloadSchema,
	cpu_units: task.cpuUnits,
	memory_mb: task.memoryMb,
	resources: task.resources,
	timeout_seconds: task.timeoutSeconds,
	max_attempts: task.retry.maxAttempts,
	initial_delay_seconds: task.retry.initialDelaySeconds,
	backoff_multiplier: task.retry.backoffMultiplier,
	max_delay_seconds: task.retry.maxDelaySeconds,
	jitter: task.retry.jitter,
})
