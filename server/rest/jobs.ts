/** `/jobs`: submit, look at one, list. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { Problem } from '../problem.ts'
import type { Submit } from '../submit.ts'
import { resolveListAliases } from './aliases.ts'
import { type JobRow, shapeJob } from './job.ts'
import { checkJobRequest } from './job-request.ts'
import { readJson } from './json.ts'
import { checkQuery, cursor, flag, instant, list, oneOf, priorities, readQuery, takeMetadata, toCursor, uuid, whole } from './query.ts'
import { type Handler, idOf, type Routes } from './routes.ts'

const STATUSES = ['pending', 'blocked', 'ready', 'running', 'retrying', 'completed', 'failed', 'cancelled'] as const

const listQuery = z.strictObject({
	status: oneOf(STATUSES).optional(),
	type: list.optional(),
	queue: list.optional(),
	priority: priorities.optional(),
	created_from: instant.optional(),
	created_to: instant.optional(),
	run_at_from: instant.optional(),
	run_at_to: instant.optional(),
	workflow_id: uuid.optional(),
	limit: whole(1, 200).default(50),
	cursor: cursor.optional(),
	total: flag.default(false),
})

export const jobRoutes = (submit: Submit): Routes => ({
	'/jobs': { get: listJobs, post: submitJob(submit) },
	'/jobs/stream': { get: refuseToStream },
	'/jobs/:id': { get: getJob },
})

const submitJob =
	(submit: Submit): Handler =>
	async ({ req, res, caller }) => {
		const { job, created, warnings } = await submit(caller, checkJobRequest(readJson(req), caller))
		res.status(created ? 201 : 200).location(`/jobs/${job.id}`)
		return { ...job, created, warnings }
	}

const refuseToStream: Handler = async () => {
	throw new Problem(doorKinds.upgrade_required, '/jobs/stream is a WebSocket.', {
		headers: { Upgrade: 'websocket', Connection: 'Upgrade' },
	})
}

const getJob: Handler = async ({ db, params }) => {
	const { job } = await callOne<{ job: JobRow }>(db, 'getJob', [idOf(params, 'job')])
	return shapeJob(job)
}

const listJobs: Handler = async ({ req, db }) => {
	const { metadata, rest } = takeMetadata(readQuery(req))
	const query = checkQuery(listQuery, resolveListAliases(rest) as typeof rest)
	const filters = [
		...[query.status, query.type, query.queue, query.priority],
		...[query.created_from, query.created_to, query.run_at_from, query.run_at_to],
		...[metadata && JSON.stringify(metadata), query.workflow_id],
	].map((filter) => filter ?? null)

	// one more than asked for tells whether there is a next page
	const [rows, counted] = await Promise.all([
		call<JobRow>(db, 'listJobs', [...filters, query.cursor ?? null, query.limit + 1]),
		query.total ? callOne<{ total: string }>(db, 'countJobs', filters) : undefined,
	])
	const page = rows.slice(0, query.limit)
	return {
		jobs: page.map(shapeJob),
		next_cursor: rows.length > page.length ? toCursor(page.at(-1)!.job_id) : null,
		total: counted && Number(counted.total),
	}
}
