import { type Logger, type LoggerOptions, pino } from 'pino'

export type Log = Logger

const SECRET_HEADERS = ['authorization', 'cookie', '["set-cookie"]', '["x-api-key"]', 'connectionString', 'password']

/** What no line may hold wherever it stands: parts of URLs, keys, bearer tokens, passwords of connection strings. */
const SECRETS: [RegExp, string][] = [
	[/([?&](?:ticket|token|access_token|api_?key|key|password|secret)=)[^&\s"\\]+/gi, '$1[redacted]'],
	[/\b(bearer)\s+[\w.~+/=-]{8,}/gi, '$1 [redacted]'],
	[/(taskq_[A-Za-z0-9]{1,50})_[A-Za-z0-9]{16,}/g, '$1_[redacted]'],
	[/(:\/\/[^/:@\s"]*):[^/\s"]+@/g, '$1:[redacted]@'],
]

/** A text without what could open a door. */
export const redactLine = (line: string): string => SECRETS.reduce((text, [secret, instead]) => text.replace(secret, instead), line)

export const logOptions = (level: string): LoggerOptions => ({
	level,
	base: undefined,
	redact: SECRET_HEADERS.flatMap((name) =>
		['', '*', '*.*'].map((path) => (path && !name.startsWith('[') ? `${path}.${name}` : path + name)),
	),
	hooks: { streamWrite: redactLine },
})

/** JSON lines on stdout. What could open a door is never written. */
export const makeLog = (level: string): Log => pino(logOptions(level))
