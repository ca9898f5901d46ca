/** `/workflows`: graphs of jobs that were submitted under a name. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { cancelRequest, check } from './check.ts'
import { readJson } from './json.ts'
import { checkQuery, cursor, oneOf, readQuery, text, toCursor, whole } from './query.ts'
import { type Handler, idOf, type Routes } from './routes.ts'
import { shapeWorkflow, type WorkflowRow } from './workflow.ts'

const STATUSES = ['running', 'completed', 'failed', 'cancelled'] as const

const listQuery = z.strictObject({
	status: oneOf(STATUSES).optional(),
	name: text.optional(),
	limit: whole(1, 200).default(50),
	cursor: cursor.optional(),
})

export const workflowRoutes: Routes = {
	'/workflows': { get: (given) => list(given) },
	'/workflows/:id': { get: (given) => show(given) },
	'/workflows/:id/cancel': { patch: (given) => cancel(given) },
	'/workflows/:id/retries': { post: (given) => retry(given) },
}

const list: Handler = async ({ req, db }) => {
	const { status, name, limit, cursor } = checkQuery(listQuery, readQuery(req))
	const rows = await call<WorkflowRow>(db, 'listWorkflows', [status ?? null, name ?? null, cursor ?? null, limit + 1])
	const page = rows.slice(0, limit)
	return {
		workflows: page.map(shapeWorkflow),
		next_cursor: rows.length > page.length ? toCursor(page.at(-1)!.workflow_id) : null,
	}
}

const show: Handler = async ({ db, params }) => shapeWorkflow(await callOne<WorkflowRow>(db, 'getWorkflow', [idOf(params, 'workflow')]))

const cancel: Handler = async ({ req, db, params }) => {
	const id = idOf(params, 'workflow')
	const { reason } = check(cancelRequest, readJson(req) ?? {}, 'a cancel request')
	const { status } = await callOne<{ status: string }>(db, 'cancelWorkflow', [id, reason ?? null])
	return { id, status, cancel_requested: status === 'running' }
}

/** One call of the database runs at most a thousand jobs again. */
const MAX_RETRIED = 1000

const retry: Handler = async ({ req, res, db, params }) => {
	const id = idOf(params, 'workflow')
	check(z.strictObject({}), readJson(req) ?? {}, 'a request to retry a workflow')
	let retried = 0
	for (let last = MAX_RETRIED; last === MAX_RETRIED; retried += last) {
		const answer = await callOne<{ retried: number }>(db, 'retryWorkflow', [id]).catch((error) => {
			if (retried === 0) throw error
			return { retried: 0 } // there were a thousand, and no more
		})
		last = answer.retried
	}
	res.status(201).location(`/workflows/${id}`)
	return { id, retried }
}
