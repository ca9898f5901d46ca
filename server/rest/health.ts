/** `/livez`, `/readyz`, `/health`: for whoever watches the process. They need no key and tell no secrets. */
import type { Application, RequestHandler, Response } from 'express'
import { callOne } from '../../db/calls.ts'
import type { Database } from '../database.ts'

/** Watchers give up soon, so a look that takes longer is a failed one. */
const LOOK_MS = 2_000

export interface Check {
	status: 'ok' | 'degraded'
	[detail: string]: unknown
}

/** A part of the server that says how it is. */
export type Checks = Record<string, () => Check>

export function installHealth(app: Application, { database, checks }: { database: Database; checks: Checks }): void {
	app.get('/livez', (_req, res) => void res.json({ status: 'ok' }))
	app.get('/readyz', readiness(database))
	app.get('/health', health(database, checks))
}

const answer = (res: Response, ok: boolean, body: object) => {
	if (!ok) res.status(503).set('Retry-After', '1')
	res.json(body)
}

const readiness =
	(database: Database): RequestHandler =>
	async (_req, res) => {
		const { status, ...details } = await lookAtDatabase(database)
		answer(res, status === 'ok', { status: status === 'ok' ? 'ready' : 'not_ready', ...details })
	}

const health =
	(database: Database, checks: Checks): RequestHandler =>
	async (_req, res) => {
		const found: Record<string, Check> = { database: await lookAtDatabase(database) }
		for (const [name, look] of Object.entries(checks)) found[name] = look()
		const ok = Object.values(found).every(({ status }) => status === 'ok')
		answer(res, ok, { status: ok ? 'ok' : 'degraded', checks: found, uptime_seconds: Math.round(process.uptime()) })
	}

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
	} catch {
		return { status: 'degraded', reason: 'the database cannot be reached' }
	} finally {
		clearTimeout(timer)
	}
}
