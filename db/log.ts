import { type Logger, type LoggerOptions, pino } from 'pino'
import { redactLine } from './redact-line.ts'

export type Log = Logger

const SECRET_HEADERS = ['authorization', 'cookie', '["set-cookie"]', '["x-api-key"]', 'connectionString', 'password']

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
