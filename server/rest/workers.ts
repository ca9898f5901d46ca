/** `/workers`: what each can carry and has been granted, what it would take next, and what operators do with one. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { invalid } from '../problem.ts'
import { type Handler, json, operation, type Routes } from './operation.ts'
import { idOf } from './params.ts'
import { priorityName } from './priority.ts'
import { whole } from './query.ts'
import { cpuUnits, wholeNumber } from './requests.ts'
import { count, id, instant, priority, type Row, shape } from './shapes.ts'

const previewQuery = z.strictObject({ max_jobs: whole(1, 1000).optional() })
const capacityRequest = z.strictObject({
	cpu_units: cpuUnits,
	memory_mb: wholeNumber.nullish(),
	resources: z.record(z.string(), z.number()).nullish(),
})

const amounts = z.record(z.string(), z.number())
const worker = z
	.strictObject({
		id,
		name: z.string(),
		status: z.enum(['active', 'draining', 'stopped', 'lost']),
		types: z.array(z.string()),
		queues: z.array(z.string()).nullable().describe('Null is all.'),
		concurrency: z.int(),
		cpu_units: z.number(),
		memory_mb: z.int(),
		running_count: count,
		granted_cpu_units: z.number(),
		granted_memory_mb: z.int(),
		load: z.unknown().describe('What its machine really uses, as it says itself.'),
		started_at: instant,
		heartbeat_at: instant,
		ended_at: instant.nullable(),
		resources: amounts,
		granted_resources: amounts,
		reserved_job_id: id.nullable().describe('The large job that it is kept free for.'),
	})
	.meta({ id: 'Worker' })
const previewed = z.strictObject({
	place: z.int().describe('In the order of the claim.'),
	id,
	type: z.string(),
	queue: z.string(),
	priority,
	resource_requirements: z.strictObject({ cpu_units: z.number(), memory_mb: z.int() }),
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

/** As it is listed; what it has granted of nothing is `{}`. */
export const shapeWorker = ({ granted_resources, ...row }: Row): Row => ({ ...shape(row), granted_resources: granted_resources ?? {} })

const setCapacity: Handler<unknown, z.output<typeof capacityRequest>> = async ({ db, params: { id }, body }) => {
	const { cpu_units, memory_mb, resources } = body
	if (cpu_units == null && memory_mb == null && resources == null)
		throw invalid('body', 'a capacity needs at least one field', doorKinds.invalid_request, 'Give cpu_units, memory_mb or resources.')
	await call(db, 'setWorkerCapacity', [id, cpu_units ?? null, memory_mb ?? null, resources ? JSON.stringify(resources) : null])
	return shapeWorker(await callOne<Row>(db, 'worker', [id]))
}

const preview: Handler<z.output<typeof previewQuery>> = async ({ db, params: { id }, query: { max_jobs } }) => {
	const rows = await call<PreviewRow>(db, 'claimPreview', [id, max_jobs ?? null])
	return {
		jobs: rows.map(({ place, job_id, type, queue, priority, cpu_units, memory_mb }) => ({
			...{ place: Number(place), id: job_id, type, queue, priority: priorityName(priority) },
			resource_requirements: { cpu_units, memory_mb },
		})),
	}
}

export const workerRoutes: Routes = {
	'/workers': {
		get: operation({
			summary: 'The latest thousand workers',
			tag: 'workers',
			answers: { 200: json(z.strictObject({ workers: z.array(worker) }), 'Newest first.') },
			handle: async ({ db }) => ({ workers: (await call<Row>(db, 'workers')).map(shapeWorker) }),
		}),
	},
	'/workers/:id/drain': {
		post: operation({
			summary: 'Let a worker finish what it has, and take nothing more',
			tag: 'workers',
			params: { id: idOf('worker') },
			answers: { 200: json(z.strictObject({ id, status: z.literal('draining') }), 'It takes nothing more.') },
			errors: ['worker_ended'],
			async handle({ db, params: { id } }) {
				await call(db, 'drainWorker', [id])
				return { id, status: 'draining' }
			},
		}),
		delete: operation({
			summary: 'Let a draining worker take jobs again',
			tag: 'workers',
			params: { id: idOf('worker') },
			answers: { 200: json(z.strictObject({ id, status: z.literal('active') }), 'It takes jobs again, from its next call on.') },
			errors: ['worker_ended'],
			async handle({ db, params: { id } }) {
				await call(db, 'undrainWorker', [id])
				return { id, status: 'active' }
			},
		}),
	},
	'/workers/:id/capacity': {
		patch: operation({
			summary: 'Change what a worker can carry',
			tag: 'workers',
			params: { id: idOf('worker') },
			body: {
				whole: 'a capacity',
				schema: capacityRequest,
				examples: { more: { cpu_units: 8, memory_mb: 16_384, resources: { gpu: 1 } } },
			},
			answers: { 200: json(worker, 'The worker as it is now.') },
			errors: ['worker_ended'],
			handle: setCapacity,
		}),
	},
	'/workers/:id/preview': {
		get: operation({
			summary: 'What a worker would take next',
			tag: 'workers',
			params: { id: idOf('worker') },
			query: previewQuery,
			answers: { 200: json(z.strictObject({ jobs: z.array(previewed) }), 'The jobs of its next claim.') },
			handle: preview,
		}),
	},
}
