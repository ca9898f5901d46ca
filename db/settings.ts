import path from 'node:path'
import { z } from 'zod'
import { machineCpuUnits, machineMemoryMb } from './machine.ts'

const whole = (minimum: number, maximum: number) =>
	z
		.string()
		.regex(/^\d+$/)
		.transform(Number)
		.refine((n) => n >= minimum && n <= maximum)
const describe = <T extends z.ZodType>(schema: T, expected: string) => schema.describe(expected)
const port = describe(whole(0, 65535), 'a port from 0 (any free one) to 65535')
const count = (maximum: number) => describe(whole(1, maximum), `a whole number from 1 to ${maximum}`)
const url = describe(z.string().regex(/^postgres(ql)?:\/\/\S+$/), 'a connection string like postgres://user:password@host:5432/database')
const list = describe(
	z
		.string()
		.regex(/^[\w.:-]+(,[\w.:-]+)*$/)
		.transform((text) => text.split(',')),
	'names joined by commas',
)
const origins = describe(
	z
		.string()
		.regex(/^https?:\/\/[^\s,/]+(,https?:\/\/[^\s,/]+)*$/)
		.transform((text) => text.split(',')),
	'origins joined by commas, such as https://jobs.example.org,http://localhost:5173',
)
/** As the database names and bounds resources. */
const amounts = describe(
	z
		.string()
		.regex(/^[\w.-]{1,100}=\d{1,9}(\.\d{1,3})?(,[\w.-]{1,100}=\d{1,9}(\.\d{1,3})?)*$/)
		.transform((text) => text.split(',').map((part) => part.split('=') as [string, string]))
		.refine((parts) => new Set(parts.map(([name]) => name)).size === parts.length)
		.refine((parts) => parts.every(([name]) => name !== 'cpu_units' && name !== 'memory_mb'))
		.transform((parts) => Object.fromEntries(parts.map(([name, amount]) => [name, Number(amount)]))),
	'names with amounts joined by commas, such as gpu=2,license=1, each once; cpu_units and memory_mb have settings of their own',
)
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** Every setting of every process, by the name of its environment variable. The README's table is tested against this. */
const schema = z.object({
	DATABASE_URL: url.optional(),
	DATABASE_DIRECT_URL: url.optional(),
	TASKQ_DATA_DIR: describe(z.string().min(1), 'a folder').default('.taskq'),
	TASKQ_PG_PORT: port.default(0),
	API_HOST: describe(z.string().regex(/^[\w.:-]+$/), 'a host name or address').default('127.0.0.1'),
	API_PORT: port.default(8000),
	ALLOWED_ORIGINS: origins.optional(),
	WORKER_CONCURRENCY: count(10_000).default(4),
	WORKER_POOL_SIZE: count(1024).default(2),
	WORKER_QUEUES: list.optional(),
	WORKER_NAME: describe(z.string().min(1).max(200), 'a text of 1 to 200 characters').optional(),
	TASKQ_TASKS: describe(z.string().min(1), 'a module that exports `tasks`').optional(),
	MAX_CPU_UNITS: describe(
		z
			.string()
			.regex(/^\d+(\.\d{1,3})?$/)
			.transform(Number)
			.refine((n) => n <= 100_000),
		'a number from 0 to 100000',
	).optional(),
	MAX_MEMORY_MB: describe(whole(0, 1_000_000_000), 'whole megabytes').optional(),
	MAX_RESOURCES: amounts.optional(),
	SHUTDOWN_GRACE_SECONDS: describe(whole(0, 86_400), 'whole seconds from 0 to 86400').default(20),
	DEFAULT_MAX_ATTEMPTS: count(1000).optional(),
	DEFAULT_TIMEOUT_SECONDS: count(2_592_000).optional(),
	JOB_TTL_SECONDS: count(2_000_000_000).optional(),
	RESERVE_AFTER_SECONDS: count(86_400).optional(),
	LOG_LEVEL: describe(
		z
			.string()
			.transform((text) => text.toLowerCase())
			.pipe(z.enum(LOG_LEVELS)),
		`one of ${LOG_LEVELS.join(' ')}`,
	).default('info'),
})

export type Settings = z.output<typeof schema> & { MAX_CPU_UNITS: number; MAX_MEMORY_MB: number }
export const settingNames = Object.keys(schema.shape)

/** A wrong setting; the message names it and says what it takes. */
export class SettingsError extends Error {
	override readonly name = 'SettingsError'
}

/** Reads the settings from the environment; an empty variable counts as absent. Throws SettingsError naming every wrong one. */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
	const given = Object.fromEntries(settingNames.map((name) => [name, env[name] || undefined]))
	const parsed = schema.safeParse(given)
	if (!parsed.success) {
		const wrong = [...new Set(parsed.error.issues.map((issue) => String(issue.path[0])))]
		throw new SettingsError(wrong.map((name) => `${name} is ${JSON.stringify(given[name])}, but takes ${expected(name)}`).join('\n'))
	}
	return {
		...parsed.data,
		TASKQ_DATA_DIR: path.resolve(parsed.data.TASKQ_DATA_DIR),
		MAX_CPU_UNITS: parsed.data.MAX_CPU_UNITS ?? machineCpuUnits(),
		MAX_MEMORY_MB: parsed.data.MAX_MEMORY_MB ?? machineMemoryMb(),
	}
}

function expected(name: string): string {
	let inner: z.ZodType = schema.shape[name as keyof typeof schema.shape]
	while (!inner.description && (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault)) inner = inner.unwrap() as z.ZodType
	return inner.description ?? 'another value'
}

/** Reads the settings, or says what is wrong with them and ends the process. */
export function settingsOrExit(): Settings {
	try {
		return readSettings()
	} catch (error) {
		if (!(error instanceof SettingsError)) throw error
		console.error(error.message)
		process.exit(2)
	}
}
