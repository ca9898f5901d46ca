/** `/jobs/:id/dependencies`: what a job waits for, and what waits for it. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { invalid } from '../problem.ts'
import { type Condition, condition } from './job.ts'
import { type Handler, json, operation, type Routes } from './operation.ts'
import { idOf, UUID } from './params.ts'
import { whole } from './query.ts'
import { dependencyRequest } from './requests.ts'
import { id, jobStatus } from './shapes.ts'

const listQuery = z.strictObject({ limit: whole(1, 10_000).default(1000) })

const edge = z
	.strictObject({
		id,
		name: z.string().nullable(),
		status: jobStatus.nullable().describe('Null for a job that has been deleted.'),
		condition,
		satisfied: z.boolean(),
	})
	.meta({ id: 'Dependency' })
const edges = z.strictObject({
	depends_on: z.array(edge),
	dependents: z.array(edge),
	truncated: z.strictObject({ depends_on: z.boolean(), dependents: z.boolean() }).describe('Whether there are more than the limit.'),
})
const added = z.strictObject({ id, status: jobStatus, depends_on: id, condition })

interface EdgeRow {
	job_id: string
	depends_on_id: string
	condition: Condition
	satisfied: boolean
	name: string | null
	/** Null for a job that has been deleted. */
	status: string | null
}

const shapeEdge = ({ name, status, condition, satisfied }: EdgeRow, id: string) => ({ id, name, status, condition, satisfied })

const list: Handler<z.output<typeof listQuery>> = async ({ db, params, query: { limit } }) => {
	// one more than asked for tells whether there are more
	const [above, below] = await Promise.all([
		call<EdgeRow>(db, 'dependencies', [params.id, limit + 1]),
		call<EdgeRow>(db, 'dependents', [params.id, limit + 1]),
	])
	if (above.length + below.length === 0) await callOne(db, 'getJob', [params.id]) // says so if there is no such job
	return {
		depends_on: above.slice(0, limit).map((edge) => shapeEdge(edge, edge.depends_on_id)),
		dependents: below.slice(0, limit).map((edge) => shapeEdge(edge, edge.job_id)),
		truncated: { depends_on: above.length > limit, dependents: below.length > limit },
	}
}

const add: Handler<unknown, z.output<typeof dependencyRequest>> = async ({ res, db, params: { id }, body: { depends_on, condition } }) => {
	if (!UUID.test(depends_on))
		throw invalid('depends_on', `depends_on ${JSON.stringify(depends_on.slice(0, 100))} is not a job id`, doorKinds.unknown_dependency)
	const values = [id, depends_on, condition ?? 'success']
	const { status } = await callOne<{ status: string }>(db, 'addDependency', values)
	res.location(`/jobs/${id}`)
	return { id, status, depends_on: depends_on.toLowerCase(), condition: condition ?? 'success' }
}

export const dependencyRoutes: Routes = {
	'/jobs/:id/dependencies': {
		get: operation({
			summary: 'What a job waits for, and what waits for it',
			tag: 'jobs',
			params: { id: idOf('job') },
			query: listQuery,
			answers: { 200: json(edges, 'Both lists, by id.') },
			handle: list,
		}),
		post: operation({
			summary: 'Let a job wait for another one',
			tag: 'jobs',
			params: { id: idOf('job') },
			body: {
				whole: 'a dependency',
				schema: dependencyRequest,
				examples: { success: { depends_on: '019f3a1c-0000-7000-8000-000000000001', condition: 'success' } },
			},
			answers: { 201: json(added, 'It waits.', 'Location') },
			errors: ['invalid_state', 'unknown_dependency', 'dependency_cycle'],
			handle: add,
		}),
	},
}
