/** `POST /simulations`: when the backlog would end, as things are or with other workers. Nothing is kept of it. */
import { z } from 'zod'
import { callOne } from '../../db/calls.ts'
import { check, cpuUnits, wholeNumber } from './check.ts'
import { isoInstant } from './job.ts'
import { readJson } from './json.ts'
import { type Handler, type Routes, UUID } from './routes.ts'

const simulationRequest = z.strictObject({
	worker_id: z.string().regex(UUID, 'must be the id of a worker').nullish(),
	cpu_units: cpuUnits,
	memory_mb: wholeNumber.nullish(),
	extra_workers: z.int('must be a whole number').min(0, 'must be from 0 to 1000').max(1000, 'must be from 0 to 1000').nullish(),
})

export const simulationRoutes: Routes = { '/simulations': { post: (given) => simulate(given) } }

const simulate: Handler = async ({ req, db }) => {
	const { worker_id, cpu_units, memory_mb, extra_workers } = check(simulationRequest, readJson(req) ?? {}, 'a simulation')
	const values = [worker_id ?? null, cpu_units ?? null, memory_mb ?? null, extra_workers ?? 0]
	const { simulation } = await callOne<{ simulation: { ends_at: string | null } }>(db, 'simulate', values)
	return { ...simulation, ends_at: isoInstant(simulation.ends_at) }
}
