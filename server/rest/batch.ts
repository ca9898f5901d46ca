/** `POST /jobs/batch`: a graph of jobs in one call, all of them or none. */
import { call, type SubmittedOfGraph } from '../../db/calls.ts'
import type { Caller } from '../database.ts'
import { doorKinds } from '../errors.ts'
import { invalid, Problem } from '../problem.ts'
import { batchRequest, check } from './check.ts'
import { checkJobRequest } from './job-request.ts'
import { checkJson, readUnchecked } from './json.ts'
import type { Handler, Routes } from './routes.ts'

export const BATCH_PATH = '/jobs/batch'
/** What one call can store within the time that a statement has; edges are counted by the database. */
const MAX_JOBS = 100_000

export const batchRoutes: Routes = { [BATCH_PATH]: { post: (given) => submitBatch(given) } }

const submitBatch: Handler = async ({ req, res, caller, db }) => {
	const { workflow, jobs } = readBatch(readUnchecked(req))
	if (workflow) checkJson(workflow, 'workflow')
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

function readBatch(body: unknown) {
	const hint = 'Send {"jobs": [...]}, with "workflow": {"name": ...} if it shall be one.'
	if (Array.isArray(body)) throw invalid('body', 'the body of a batch must be an object', doorKinds.invalid_request, hint)
	const batch = check(batchRequest, body, 'a batch')
	if (batch.jobs.length > MAX_JOBS)
		throw invalid('jobs', `jobs has more than ${MAX_JOBS} jobs`, doorKinds.payload_too_large, 'Submit them in several calls.')
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
