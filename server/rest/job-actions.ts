/** `/jobs/:id/…`: what can be done with a job. */
import { callOne } from '../../db/calls.ts'
import { cancelRequest, check, retryRequest } from './check.ts'
import { readJson } from './json.ts'
import { type Handler, idOf, type Routes } from './routes.ts'

export const jobActionRoutes: Routes = {
	'/jobs/:id/cancel': { patch: (given) => cancel(given) },
	'/jobs/:id/retries': { post: (given) => retry(given) },
}

const cancel: Handler = async ({ req, db, params }) => {
	const id = idOf(params, 'job')
	const { reason } = check(cancelRequest, readJson(req) ?? {}, 'a cancel request')
	const { status } = await callOne<{ status: string }>(db, 'cancelJob', [id, reason ?? null])
	return { id, status, cancel_requested: status === 'running' }
}

const retry: Handler = async ({ req, res, db, params }) => {
	const id = idOf(params, 'job')
	const { with_dependents } = check(retryRequest, readJson(req) ?? {}, 'a request to retry a job')
	const { status } = await callOne<{ status: string }>(db, 'retryJob', [id, with_dependents ?? false])
	res.status(201).location(`/jobs/${id}`)
	return { id, status }
}
