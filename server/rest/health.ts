/** `/livez`, `/readyz`, `/health`: for whoever watches the process. They need no key and tell no secrets. */
import type { Response } from 'express'
import pg from 'pg'
import { z } from 'zod'
import { callOne } from '../../db/calls.ts'
import type { Database } from '../database.ts'
import { Unavailable } from '../problem.ts'
import { type Answer, json, operation, type Routes } from './operation.ts'

/** Watchers give up soon, so a look that takes longer is a failed one. */
const LOOK_MS = 2_000

export interface Check {
	status: 'ok' | 'degraded'
	[detail: string]: unknown
}

/** A part of the server that says how it is. */
export type Checks = Record<string, () => Check>

const details = { latency_ms: z.number().optional(), reason: z.string().optional() }
const alive = z.strictObject({ status: z.literal('ok') })
const readiness = z.strictObject({ status: z.enum(['ready', 'not_ready']), ...details })
const check = z.object({ status: z.enum(['ok', 'degraded']) }).catchall(z.unknown())
const health = z.strictObject({
	status: z.enum(['ok', 'degraded']),
	checks: z.record(z.string(), check),
	uptime_seconds: z.int(),
})

const both = (schema: z.ZodType): Record<number, Answer> => ({
	200: json(schema, 'All is well.'),
	503: json(schema, 'Not all is well; it says what.', 'Retry-After'),
})

function rate<Body extends object>(res: Response, ok: boolean, body: Body): Body {
	if (!ok) res.status(503).set('Retry-After', '1')
	return body
}

export const healthRoutes = ({ database, checks }: { database: Database; checks: Checks }): Routes => ({
	'/livez': {
		get: operation({
			summary: 'Whether the process lives',
			tag: 'health',
			open: true,
			answers: { 200: json(alive, 'It does.') },
			handle: async () => ({ status: 'ok' }),
		}),
	},
	'/readyz': {
		get: operation({
			summary: 'Whether the server can serve',
			tag: 'health',
			open: true,
			answers: both(readiness),
			async handle({ res }) {
				const { status, ...details } = await lookAtDatabase(database)
				return rate(res, status === 'ok', { status: status === 'ok' ? 'ready' : 'not_ready', ...details })
			},
		}),
	},
	'/health': {
		get: operation({
			summary: 'How each part of the server is',
			tag: 'health',
			open: true,
			answers: both(health),
			async handle({ res }) {
				const found: Record<string, Check> = { database: await lookAtDatabase(database) }
				for (const [name, look] of Object.entries(checks)) found[name] = look()
				const ok = Object.values(found).every(({ status }) => status === 'ok')
				return rate(res, ok, { status: ok ? 'ok' : 'degraded', checks: found, uptime_seconds: Math.round(process.uptime()) })
			},
		}),
	},
})

async function lookAtDatabase(database: Database): Promise<Check> {
	const started = performance.now()
	let timer: NodeJS.Timeout | undefined
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new Error('no answer in time')), LOOK_MS)
	})
	try {
		const look = callOne<{ in_recovery: boolean; has_schema: boolean }>(database.own, 'readiness')
		look.catch(() => {})
		const { in_recovery, has_schema } = await Promise.race([look, late])
		if (!has_schema) return { status: 'degraded', reason: 'the schema is missing: run `npm run migrate`' }
		if (in_recovery) return { status: 'degraded', reason: 'the database is in recovery and takes no writes' }
		return { status: 'ok', latency_ms: Math.round((performance.now() - started) * 10) / 10 }
	} catch (error) {
		return { status: 'degraded', reason: reasonOf(error) }
	} finally {
		clearTimeout(timer)
	}
}

/** By SQLSTATE: what somebody has to change before the database lets this server in. */
const REFUSALS: Record<string, string> = {
	'22023': 'the database has no roles of taskq: run `npm run migrate`',
	'28000': 'the database refuses the login of DATABASE_URL',
	'28P01': 'the database refuses the password of DATABASE_URL',
	'3D000': 'the database that DATABASE_URL names does not exist',
	'42501': 'the login of DATABASE_URL may not act as taskq_operator: grant taskq_operator to it',
}

function reasonOf(error: unknown): string {
	const cause = error instanceof Unavailable ? error.cause : error
	return (cause instanceof pg.DatabaseError && REFUSALS[cause.code ?? '']) || 'the database cannot be reached'
}
