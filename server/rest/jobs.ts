/** `/jobs`: submit, look at one or wait for it, list. */

import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { toCursor } from '../cursors.ts'
import { doorKinds } from '../errors.ts'
import { Problem } from '../problem.ts'
import type { Submit } from '../submit.ts'
import { resolveListAliases } from './aliases.ts'
import { etagOf, isKnown, sendTagged } from './etag.ts'
import { linkNext } from './headers.ts'
import { type JobRow, listedJob, shapeJob, shownJob } from './job.ts'
import { jobBody, jobExamples, readJobRequest } from './job-request.ts'
import { type Handler, json, nothing, operation, type Routes } from './operation.ts'
import { idOf } from './params.ts'
import { cursor, flag, instant, list, metadata, oneOf, priorities, takeMetadata, uuid, whole } from './query.ts'
import { id, JOB_STATUSES, jobStatus, nextCursor } from './shapes.ts'
import type { JobWaits } from './waits.ts'

const listQuery = z.strictObject({
	status: oneOf(JOB_STATUSES).optional(),
	type: list.optional(),
	queue: list.optional(),
	priority: priorities.optional(),
	created_from: instant.optional(),
	created_to: instant.optional(),
	run_at_from: instant.optional(),
	run_at_to: instant.optional(),
	metadata: metadata.optional(),
	workflow_id: uuid.optional(),
	limit: whole(1, 200).default(50),
	cursor: cursor.optional(),
	total: flag.default(false).describe('Count all that match as well.'),
})
const jobQuery = z.strictObject({
	wait: whole(0, 60).optional().describe('Seconds to wait for the end of the job; with If-None-Match, for any change.'),
})

const outcome = { created: z.boolean().describe('False where the idempotency key found an earlier job.'), warnings: z.array(z.string()) }
const submitted = z
	.union([
		shownJob.extend(outcome),
		z.strictObject({ id, status: jobStatus.nullable(), ...outcome }).describe('The first job of the key has been deleted since.'),
	])
	.meta({ id: 'SubmittedJob' })
const jobList = z.strictObject({
	jobs: z.array(listedJob),
	next_cursor: nextCursor,
	total: z.int().optional().describe('Where it was asked for.'),
})

export const jobRoutes = ({ submit, waits }: { submit: Submit; waits: JobWaits }): Routes => ({
	'/jobs': {
		get: operation({
			summary: 'List jobs, newest first',
			description:
				'Filters of several values take `a,b`. `metadata.customer=x` is short for `metadata={"customer":"x"}`, `status_filter` is `status`.',
			tag: 'jobs',
			query: listQuery,
			prepareQuery: (query) => resolveListAliases(takeMetadata(query)),
			answers: { 200: json(jobList, 'A page of jobs.', 'Link') },
			handle: listJobs,
		}),
		post: operation({
			summary: 'Submit a job',
			tag: 'jobs',
			takes: ['Idempotency-Key'],
			body: { whole: 'a job', schema: jobBody, read: readJobRequest, examples: jobExamples },
			answers: {
				201: json(submitted, 'It is stored.', 'Location'),
				200: json(submitted, 'The idempotency key had been used for the same request: this is its job.', 'Location'),
			},
			errors: ['unknown_job_type', 'unknown_dependency', 'invalid_payload', 'idempotency_conflict'],
			async handle({ res, caller, body }) {
				const { job, created, warnings } = await submit(caller, body)
				res.status(created ? 201 : 200).location(`/jobs/${job.id}`)
				return { ...job, created, warnings }
			},
		}),
	},
	'/jobs/stream': {
		get: operation({
			summary: 'What happens to jobs, as it happens',
			description: 'A WebSocket. The README tells its messages and filters; `?since=<event id>` resumes with nothing lost.',
			tag: 'other doors',
			answers: { 101: nothing('The WebSocket is open.') },
			errors: ['upgrade_required'],
			handle: refuseToStream,
		}),
	},
	'/jobs/:id': {
		get: operation({
			summary: 'Look at a job, or wait for it',
			description:
				'With `wait` it answers at once where the job has ended, else as soon as it ends, or as it is when the time is over. With `If-None-Match` it answers as soon as anything has changed.',
			tag: 'jobs',
			params: { id: idOf('job') },
			query: jobQuery,
			takes: ['If-None-Match'],
			answers: { 200: json(shownJob, 'The job.', 'ETag'), 304: nothing('It is as it was.', 'ETag') },
			errors: ['too_many_waits'],
			handle: getJob(waits),
		}),
	},
})

const refuseToStream: Handler = async () => {
	throw new Problem(doorKinds.upgrade_required, '/jobs/stream is a WebSocket.', {
		headers: { Upgrade: 'websocket', Connection: 'Upgrade' },
	})
}

const getJob =
	(waits: JobWaits): Handler<z.output<typeof jobQuery>> =>
	async ({ req, res, caller, db, params, query: { wait } }) => {
		const jobId = params.id!
		if (!wait) return sendTagged(req, res, JSON.stringify(shapeJob((await callOne<{ job: JobRow }>(db, 'getJob', [jobId])).job)))
		const gone = new AbortController()
		res.on('close', () => gone.abort())
		const isNews = req.get('If-None-Match') === undefined ? undefined : (job: object) => !isKnown(req, etagOf(JSON.stringify(job)))
		const job = await waits.until({ caller, jobId, seconds: wait, isEnough: isNews, gone: gone.signal })
		if (waits.isStopped) res.set('Connection', 'close') // so that the server need not wait for the caller to hang up
		return sendTagged(req, res, JSON.stringify(job))
	}

const listJobs: Handler<z.output<typeof listQuery>> = async ({ req, res, db, query }) => {
	const filters = [
		...[query.status, query.type, query.queue, query.priority],
		...[query.created_from, query.created_to, query.run_at_from, query.run_at_to],
		...[query.metadata && JSON.stringify(query.metadata), query.workflow_id],
	].map((filter) => filter ?? null)

	// one more than asked for tells whether there is a next page
	const [rows, counted] = await Promise.all([
		call<JobRow>(db, 'listJobs', [...filters, query.cursor ?? null, query.limit + 1]),
		query.total ? callOne<{ total: string }>(db, 'countJobs', filters) : undefined,
	])
	const page = rows.slice(0, query.limit)
	return {
		jobs: page.map(shapeJob),
		next_cursor: linkNext({ req, res }, 'cursor', rows.length > page.length ? toCursor(page.at(-1)!.job_id) : null),
		total: counted && Number(counted.total),
	}
}
