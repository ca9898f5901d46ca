/** `/jobs/:id/dependencies`: what a job waits for, and what waits for it. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { invalid } from '../problem.ts'
import { check, dependencyRequest } from './check.ts'
import type { Condition } from './job.ts'
import { readJson } from './json.ts'
import { checkQuery, readQuery, whole } from './query.ts'
import { type Handler, idOf, type Routes, UUID } from './routes.ts'

const listQuery = z.strictObject({ limit: whole(1, 10_000).default(1000) })

interface EdgeRow {
	job_id: string
	depends_on_id: string
	condition: Condition
	satisfied: boolean
	name: string | null
	/** Null for a job that has been deleted. */
	status: string | null
}

export const dependencyRoutes: Routes = {
	'/jobs/:id/dependencies': { get: (given) => list(given), post: (given) => add(given) },
}

const list: Handler = async ({ req, db, params }) => {
	const id = idOf(params, 'job')
	const { limit } = checkQuery(listQuery, readQuery(req))
	// one more than asked for tells whether there are more
	const [above, below] = await Promise.all([
		call<EdgeRow>(db, 'dependencies', [id, limit + 1]),
		call<EdgeRow>(db, 'dependents', [id, limit + 1]),
	])
	if (above.length + below.length === 0) await callOne(db, 'getJob', [id]) // says so if there is no such job
	return {
		depends_on: above.slice(0, limit).map((edge) => shapeEdge(edge, edge.depends_on_id)),
		dependents: below.slice(0, limit).map((edge) => shapeEdge(edge, edge.job_id)),
		truncated: { depends_on: above.length > limit, dependents: below.length > limit },
	}
}

const shapeEdge = ({ name, status, condition, satisfied }: EdgeRow, id: string) => ({ id, name, status, condition, satisfied })

const add: Handler = async ({ req, res, db, params }) => {
	const id = idOf(params, 'job')
	const { depends_on, condition } = check(dependencyRequest, readJson(req), 'a dependency')
	if (!UUID.test(depends_on))
		throw invalid('depends_on', `depends_on ${JSON.stringify(depends_on.slice(0, 100))} is not a job id`, doorKinds.unknown_dependency)
	const values = [id, depends_on, condition ?? 'success']
	const { status } = await callOne<{ status: string }>(db, 'addDependency', values)
	res.status(201).location(`/jobs/${id}`)
	return { id, status, depends_on: depends_on.toLowerCase(), condition: condition ?? 'success' }
}
