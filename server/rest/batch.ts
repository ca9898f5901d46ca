/** `POST /jobs/batch`: a graph of jobs in one call, all of them or none. */
import type { Request } from 'express'
import { z } from 'zod'
import { call, type SubmittedOfGraph } from '../../db/calls.ts'
import type { Caller } from '../database.ts'
import { doorKinds } from '../errors.ts'
import { invalid, Problem } from '../problem.ts'
import { check } from './check.ts'
import { withKey } from './idempotency.ts'
import { checkJobRequest, jobBody } from './job-request.ts'
import { checkJson, readUnchecked } from './json.ts'
import { type Handler, json, operation, type Routes } from './operation.ts'
import { batchRequest } from './requests.ts'
import { id, jobStatus } from './shapes.ts'

/** What one call can store within the time that a statement has; edges are counted by the database. */
const MAX_JOBS = 100_000
/** A graph of 10,000 jobs with 200,000 edges by name fits. */
const MAX_BATCH_BYTES = 16 * 2 ** 20

const batchBody = batchRequest
	.extend({ jobs: z.array(jobBody).min(1).max(MAX_JOBS) })
	.meta({ id: 'BatchRequest', description: 'Jobs that are stored together or not at all. `depends_on` may name jobs of the same batch.' })
const stored = z.strictObject({
	workflow_id: id.nullable(),
	jobs: z.array(
		z.strictObject({
			name: z.string().nullable(),
			id: id.nullable(),
			status: jobStatus.nullable(),
			created: z.boolean(),
			warnings: z.array(z.string()),
		}),
	),
})
const examples = {
	'a workflow': {
		workflow: { name: 'nightly', metadata: { customer: 'acme' } },
		jobs: [
			{ name: 'fetch', type: 'echo', payload: { rows: 3 } },
			{ name: 'report', type: 'echo', depends_on: ['fetch'] },
			{ name: 'alarm', type: 'echo', depends_on: [{ job: 'fetch', condition: 'failure' }] },
		],
	},
	'jobs alone': { jobs: [{ type: 'echo' }, { type: 'echo', priority: 'low' }] },
}

type Batch = z.output<typeof batchBody>

const submitBatch: Handler<unknown, Batch> = async ({ res, caller, db, body: { workflow, jobs } }) => {
	const requests = jobs.map((job, position) => readJob(job, position, caller))
	const named = workflow && caller.name ? { ...workflow, created_by: caller.name.slice(0, 200) } : workflow
	const rows = await call<SubmittedOfGraph>(db, 'submitJobs', [JSON.stringify({ workflow: named, jobs: requests })])

	const workflow_id = rows[0]!.workflow_id
	if (workflow_id) res.location(`/workflows/${workflow_id}`)
	res.status(rows.some(({ created }) => created) ? 201 : 200)
	return {
		workflow_id,
		jobs: rows.map(({ name, job_id, status, created, warnings }) => ({ name, id: job_id, status, created, warnings })),
	}
}

function readBatch(req: Request) {
	const body = readUnchecked(req)
	const hint = 'Send {"jobs": [...]}, with "workflow": {"name": ...} if it shall be one.'
	if (Array.isArray(body)) throw invalid('body', 'the body of a batch must be an object', doorKinds.invalid_request, hint)
	const batch = check(batchRequest, body, 'a batch')
	if (batch.jobs.length > MAX_JOBS)
		throw invalid('jobs', `jobs has more than ${MAX_JOBS} jobs`, doorKinds.payload_too_large, 'Submit them in several calls.')
	if (batch.workflow) checkJson(batch.workflow, 'workflow')
	if (batch.workflow) return { ...batch, workflow: withKey(req, batch.workflow, 'workflow.') }
	if ('idempotency_key' in withKey(req, {}))
		throw invalid('workflow', 'workflow is required under an Idempotency-Key', doorKinds.invalid_request, hint)
	return batch
}

/** Each job is looked at for itself, so that the cost is that of its own fields. */
function readJob(job: unknown, position: number, caller: Caller): Record<string, unknown> {
	try {
		checkJson(job)
		const request = checkJobRequest(job, caller)
		return caller.name ? { ...request, created_by: caller.name.slice(0, 200) } : request
	} catch (error) {
		throw error instanceof Problem ? aboutJob(error, job, position) : error
	}
}

/** The same problem, with the job in its fields and its words, as the database writes them. */
function aboutJob({ kind, message, details }: Problem, job: unknown, position: number): Problem {
	const { name } = Object(job) as { name?: unknown }
	const at = `jobs[${position}]`
	const who = typeof name === 'string' ? `${at} "${name.slice(0, 200)}"` : at
	const fieldOf = (field: string) => (field === 'body' ? at : `${at}.${field}`)
	return new Problem(kind, `${who}: ${message}`, {
		...details,
		field: details.field && fieldOf(details.field),
		errors: details.errors?.map(({ field, message }) => ({ field: fieldOf(field), message: `${who}: ${message}` })),
	})
}

export const batchRoutes: Routes = {
	'/jobs/batch': {
		post: operation({
			summary: 'Submit a graph of jobs: all of them or none',
			tag: 'jobs',
			takes: ['Idempotency-Key'],
			body: { whole: 'a batch', schema: batchBody, read: readBatch, examples, limit: MAX_BATCH_BYTES },
			answers: {
				201: json(stored, 'They are stored.', 'Location'),
				200: json(stored, 'The idempotency key had been used for the same request: these are its jobs.', 'Location'),
			},
			errors: ['unknown_job_type', 'unknown_dependency', 'invalid_payload', 'dependency_cycle', 'idempotency_conflict'],
			handle: submitBatch,
		}),
	},
}
