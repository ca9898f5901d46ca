/** `/dead-letters`: the jobs that failed for good. */

import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { toCursor } from '../cursors.ts'
import { linkNext } from './headers.ts'
import { retried } from './job-actions.ts'
import { type Handler, json, nothing, operation, type Routes } from './operation.ts'
import { idOf } from './params.ts'
import { cursor, text, whole } from './query.ts'
import { deadLettersRequest, retryRequest } from './requests.ts'
import { count, id, instant, isoInstant, nextCursor } from './shapes.ts'

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
/** As many as one statement should move; callers ask again until it answers 0. */
const MAX_JOBS = 1000

const filters = { type: text.optional(), queue: text.optional() }
const listQuery = z.strictObject({ ...filters, limit: whole(1, 200).default(50), cursor: cursor.optional() })
const discardQuery = z.strictObject({ ...filters, max_jobs: whole(1, 10_000).default(MAX_JOBS) })

const deadLetter = z
	.strictObject({
		id,
		name: z.string().nullable(),
		type: z.string(),
		queue: z.string(),
		reason: z.string().nullable(),
		error: z.unknown(),
		attempt: z.int(),
		failed_at: instant,
		payload: z.unknown(),
		created_at: instant,
		metadata: z.unknown(),
	})
	.meta({ id: 'DeadLetter' })

interface DeadLetterRow {
	job_id: string
	failed_at: Date
	created_at: Date
}

const list: Handler<z.output<typeof listQuery>> = async ({ req, res, db, query: { type, queue, limit, cursor } }) => {
	const rows = await call<DeadLetterRow>(db, 'deadLetters', [type ?? null, queue ?? null, cursor ?? LAST_ID, limit + 1])
	const page = rows.slice(0, limit)
	return {
		dead_letters: page.map(({ job_id, failed_at, created_at, ...rest }) => ({
			id: job_id,
			...rest,
			failed_at: isoInstant(failed_at),
			created_at: isoInstant(created_at),
		})),
		next_cursor: linkNext({ req, res }, 'cursor', rows.length > page.length ? toCursor(page.at(-1)!.job_id) : null),
	}
}

const retryAll: Handler<unknown, z.output<typeof deadLettersRequest>> = async ({
	db,
	body: { type, queue, max_jobs, with_dependents },
}) => {
	const values = [type ?? null, queue ?? null, max_jobs ?? MAX_JOBS, with_dependents ?? false]
	const { retried } = await callOne<{ retried: number }>(db, 'retryDeadLetters', values)
	return { retried }
}

const discardAll: Handler<z.output<typeof discardQuery>> = async ({ db, query: { type, queue, max_jobs } }) => {
	const { discarded } = await callOne<{ discarded: number }>(db, 'discardDeadLetters', [type ?? null, queue ?? null, max_jobs])
	return { discarded }
}

const retry: Handler<unknown, z.output<typeof retryRequest>> = async ({ res, db, params: { id }, body: { with_dependents } }) => {
	const { status } = await callOne<{ status: string }>(db, 'retryJob', [id, with_dependents ?? false])
	res.location(`/jobs/${id}`)
	return { id, status }
}

const discard: Handler = async ({ db, params }) => {
	await call(db, 'discardJob', [params.id])
	return undefined
}

export const deadLetterRoutes: Routes = {
	'/dead-letters': {
		get: operation({
			summary: 'List the jobs that failed for good, newest first',
			tag: 'dead letters',
			query: listQuery,
			answers: { 200: json(z.strictObject({ dead_letters: z.array(deadLetter), next_cursor: nextCursor }), 'A page of them.', 'Link') },
			handle: list,
		}),
		delete: operation({
			summary: 'Delete jobs that failed for good',
			tag: 'dead letters',
			query: discardQuery,
			answers: { 200: json(z.strictObject({ discarded: count }), 'So many were deleted; ask again until it is 0.') },
			handle: discardAll,
		}),
	},
	'/dead-letters/retries': {
		post: operation({
			summary: 'Run jobs that failed for good again',
			tag: 'dead letters',
			body: {
				whole: 'a request to retry dead letters',
				schema: deadLettersRequest,
				optional: true,
				examples: { 'some of them': { type: 'echo', max_jobs: 100 } },
			},
			answers: { 200: json(z.strictObject({ retried: count }), 'So many are to run again; ask again until it is 0.') },
			handle: retryAll,
		}),
	},
	'/dead-letters/:id': {
		delete: operation({
			summary: 'Delete a job that failed for good',
			tag: 'dead letters',
			params: { id: idOf('dead letter') },
			answers: { 204: nothing('It is deleted.') },
			errors: ['invalid_state'],
			handle: discard,
		}),
	},
	'/dead-letters/:id/retries': {
		post: operation({
			summary: 'Run a job that failed for good again',
			tag: 'dead letters',
			params: { id: idOf('dead letter') },
			body: { whole: 'a request to retry a job', schema: retryRequest, optional: true, examples: { all: { with_dependents: true } } },
			answers: { 201: json(retried, 'It is to run again.', 'Location') },
			errors: ['invalid_state'],
			handle: retry,
		}),
	},
}
