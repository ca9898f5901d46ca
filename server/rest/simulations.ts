/** `POST /simulations`: when the backlog would end, as things are or with other workers. Nothing is kept of it. */
import { z } from 'zod'
import { callOne } from '../../db/calls.ts'
import { json, operation, type Routes } from './operation.ts'
import { UUID } from './params.ts'
import { cpuUnits, wholeNumber } from './requests.ts'
import { count, instant, isoInstant } from './shapes.ts'

const simulationRequest = z.strictObject({
	worker_id: z.string().regex(UUID, 'must be the id of a worker').nullish(),
	cpu_units: cpuUnits,
	memory_mb: wholeNumber.nullish(),
	extra_workers: z.int('must be a whole number').min(0, 'must be from 0 to 1000').max(1000, 'must be from 0 to 1000').nullish(),
})
const simulated = z
	.strictObject({
		jobs: count.describe('How many are ready.'),
		never: count.describe('How many of them fit no worker.'),
		ends_in_seconds: z.number().nullable(),
		ends_at: instant.nullable(),
		cpu_utilisation: z.number().nullable(),
		is_scaled: z.boolean().describe('The end was reckoned from a part of the jobs.'),
		workers: count,
	})
	.meta({ id: 'Simulation' })

export const simulationRoutes: Routes = {
	'/simulations': {
		post: operation({
			summary: 'When the backlog would end, and what if',
			tag: 'workers',
			body: {
				whole: 'a simulation',
				schema: simulationRequest,
				optional: true,
				examples: { 'as it is': {}, 'with two more workers': { extra_workers: 2 } },
			},
			answers: { 200: json(simulated, 'What would be.') },
			errors: ['not_found'],
			stores: false,
			async handle({ db, body: { worker_id, cpu_units, memory_mb, extra_workers } }) {
				const values = [worker_id ?? null, cpu_units ?? null, memory_mb ?? null, extra_workers ?? 0]
				const { simulation } = await callOne<{ simulation: { ends_at: string | null } }>(db, 'simulate', values)
				return { ...simulation, ends_at: isoInstant(simulation.ends_at) }
			},
		}),
	},
}
