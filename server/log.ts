import { type Logger, pino } from 'pino'

export type Log = Logger

/** JSON lines on stdout. What could open a door is never written. */
export const makeLog = (level: string): Log =>
	pino({
		level,
		base: undefined,
		redact: ['authorization', '*.authorization', '*.*.authorization', 'connectionString', '*.connectionString'],
	})
