/** `/jobs/:id/…`: what can be done with a job. */
import { callOne } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { invalid } from '../problem.ts'
import { cancelRequest, check, dependencyRequest } from './check.ts'
import { readJson } from './json.ts'
import { type Handler, idOf, type Routes, UUID } from './routes.ts'

export const jobActionRoutes: Routes = {
	'/jobs/:id/cancel': { patch: (given) => cancel(given) },
	'/jobs/:id/dependencies': { post: (given) => addDependency(given) },
	'/jobs/:id/retries': { post: (given) => retry(given) },
}

const cancel: Handler = async ({ req, db, params }) => {
	const id = idOf(params, 'job')
	const { reason } = check(cancelRequest, readJson(req) ?? {}, 'a cancel request')
	const { status } = await callOne<{ status: string }>(db, 'cancelJob', [id, reason ?? null])
	return { id, status, cancel_requested: status === 'running' }
}

const addDependency: Handler = async (given) => {
	const id = idOf(given.params, 'job')
	const { depends_on } = check(dependencyRequest, readJson(given.req), 'a dependency')
	if (!UUID.test(depends_on))
		throw invalid('depends_on', `depends_on ${JSON.stringify(depends_on.slice(0, 100))} is not a job id`, doorKinds.unknown_dependency)
	const { status } = await callOne<{ status: string }>(given.db, 'addDependency', [id, depends_on])
	given.res.status(201).location(`/jobs/${id}`)
	return { id, status, depends_on: depends_on.toLowerCase() }
}

const retry: Handler = async ({ res, db, params }) => {
	const id = idOf(params, 'job')
	const { status } = await callOne<{ status: string }>(db, 'retryJob', [id])
	res.status(201).location(`/jobs/${id}`)
	return { id, status }
}
