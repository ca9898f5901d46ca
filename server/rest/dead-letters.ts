/** `/dead-letters`: the jobs that failed for good. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { check, deadLettersRequest, retryRequest } from './check.ts'
import { isoInstant } from './job.ts'
import { readJson } from './json.ts'
import { checkQuery, cursor, readQuery, text, toCursor, whole } from './query.ts'
import { type Handler, idOf, type Routes } from './routes.ts'

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
/** As many as one statement should move; callers ask again until it answers 0. */
const MAX_JOBS = 1000

const filters = { type: text.optional(), queue: text.optional() }
const listQuery = z.strictObject({ ...filters, limit: whole(1, 200).default(50), cursor: cursor.optional() })
const discardQuery = z.strictObject({ ...filters, max_jobs: whole(1, 10_000).default(MAX_JOBS) })

interface DeadLetterRow {
	job_id: string
	failed_at: Date
	created_at: Date
}

export const deadLetterRoutes: Routes = {
	'/dead-letters': { get: (given) => list(given), delete: (given) => discardAll(given) },
	'/dead-letters/retries': { post: (given) => retryAll(given) },
	'/dead-letters/:id': { delete: (given) => discard(given) },
	'/dead-letters/:id/retries': { post: (given) => retry(given) },
}

const list: Handler = async ({ req, db }) => {
	const { type, queue, limit, cursor } = checkQuery(listQuery, readQuery(req))
	const rows = await call<DeadLetterRow>(db, 'deadLetters', [type ?? null, queue ?? null, cursor ?? LAST_ID, limit + 1])
	const page = rows.slice(0, limit)
	return {
		dead_letters: page.map(({ job_id, failed_at, created_at, ...rest }) => ({
			id: job_id,
			...rest,
			failed_at: isoInstant(failed_at),
			created_at: isoInstant(created_at),
		})),
		next_cursor: rows.length > page.length ? toCursor(page.at(-1)!.job_id) : null,
	}
}

const retryAll: Handler = async ({ req, db }) => {
	const { type, queue, max_jobs, with_dependents } = check(deadLettersRequest, readJson(req) ?? {}, 'a request to retry dead letters')
	const values = [type ?? null, queue ?? null, max_jobs ?? MAX_JOBS, with_dependents ?? false]
	const { retried } = await callOne<{ retried: number }>(db, 'retryDeadLetters', values)
	return { retried }
}

const discardAll: Handler = async ({ req, db }) => {
	const { type, queue, max_jobs } = checkQuery(discardQuery, readQuery(req))
	const { discarded } = await callOne<{ discarded: number }>(db, 'discardDeadLetters', [type ?? null, queue ?? null, max_jobs])
	return { discarded }
}

const retry: Handler = async ({ req, res, db, params }) => {
	const id = idOf(params, 'dead letter')
	const { with_dependents } = check(retryRequest, readJson(req) ?? {}, 'a request to retry a job')
	const { status } = await callOne<{ status: string }>(db, 'retryJob', [id, with_dependents ?? false])
	res.status(201).location(`/jobs/${id}`)
	return { id, status }
}

const discard: Handler = async ({ db, params }) => {
	await call(db, 'discardJob', [idOf(params, 'dead letter')])
	return undefined
}
