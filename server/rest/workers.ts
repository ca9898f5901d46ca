/** `/workers`: what each can carry and has been granted, what it would take next, and what operators do with one. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { invalid } from '../problem.ts'
import { check, cpuUnits, wholeNumber } from './check.ts'
import { readJson } from './json.ts'
import { priorityName } from './priority.ts'
import { checkQuery, readQuery, whole } from './query.ts'
import { type Row, shape } from './queues.ts'
import { type Handler, idOf, type Routes } from './routes.ts'

const previewQuery = z.strictObject({ max_jobs: whole(1, 1000).optional() })
const capacityRequest = z.strictObject({
	cpu_units: cpuUnits,
	memory_mb: wholeNumber.nullish(),
	resources: z.record(z.string(), z.number()).nullish(),
})

interface PreviewRow {
	place: string
	job_id: string
	type: string
	queue: string
	priority: number
	cpu_units: number
	memory_mb: number
}

export const workerRoutes: Routes = {
	'/workers': { get: async ({ db }) => ({ workers: (await call<Row>(db, 'workers')).map(shapeWorker) }) },
	'/workers/:id/drain': { post: (given) => drain(given) },
	'/workers/:id/capacity': { patch: (given) => setCapacity(given) },
	'/workers/:id/preview': { get: (given) => preview(given) },
}

/** As it is listed; what it has granted of nothing is `{}`. */
export const shapeWorker = ({ granted_resources, ...row }: Row): Row => ({ ...shape(row), granted_resources: granted_resources ?? {} })

const drain: Handler = async ({ db, params }) => {
	const id = idOf(params, 'worker')
	await call(db, 'drainWorker', [id])
	return { id, status: 'draining' }
}

const setCapacity: Handler = async ({ req, db, params }) => {
	const id = idOf(params, 'worker')
	const { cpu_units, memory_mb, resources } = check(capacityRequest, readJson(req), 'a capacity')
	if (cpu_units == null && memory_mb == null && resources == null)
		throw invalid('body', 'a capacity needs at least one field', doorKinds.invalid_request, 'Give cpu_units, memory_mb or resources.')
	await call(db, 'setWorkerCapacity', [id, cpu_units ?? null, memory_mb ?? null, resources ? JSON.stringify(resources) : null])
	return shapeWorker(await callOne<Row>(db, 'worker', [id]))
}

const preview: Handler = async ({ req, db, params }) => {
	const id = idOf(params, 'worker')
	const { max_jobs } = checkQuery(previewQuery, readQuery(req))
	const rows = await call<PreviewRow>(db, 'claimPreview', [id, max_jobs ?? null])
	return {
		jobs: rows.map(({ place, job_id, type, queue, priority, cpu_units, memory_mb }) => ({
			...{ place: Number(place), id: job_id, type, queue, priority: priorityName(priority) },
			resource_requirements: { cpu_units, memory_mb },
		})),
	}
}
