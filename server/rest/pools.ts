/** `/pools`: what jobs of all workers share, as a capacity that they give back or a rate that refills. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { invalid } from '../problem.ts'
import { type Handler, json, nothing, operation, type Routes } from './operation.ts'
import { textParam } from './params.ts'
import { ofRate } from './requests.ts'
import { instant, type Row, shape } from './shapes.ts'

const poolRequest = z.strictObject({ capacity: z.number().nullish(), amount: ofRate, per_seconds: ofRate, burst: ofRate })

export const shownPool = z
	.strictObject({
		pool: z.string(),
		capacity: z.number().describe('Of a rate, its burst.'),
		queue: z.string().nullable().describe('Where it is the limit of a queue.'),
		type: z.string().nullable().describe('Where it is the limit of a job type.'),
		refill_per_second: z.number().nullable().describe('Null where it is no rate.'),
		granted: z.number().describe('With running jobs now.'),
		free: z.number().describe('Can go out now.'),
		created_at: instant,
	})
	.meta({ id: 'Pool' })

const name = textParam('name', 'The name of a pool, as jobs ask for it in `resource_requirements`.')

const put: Handler<unknown, z.output<typeof poolRequest>> = async ({ db, params, body: { capacity, ...rate } }) => {
	const { amount, per_seconds, burst } = rate
	const parts = Object.entries({ amount, per_seconds, burst }).filter(([, value]) => value != null)
	const hint = 'Send {"capacity": 5}, or a rate such as {"amount": 100, "per_seconds": 60, "burst": 10}.'
	if ((capacity == null) === (parts.length === 0))
		throw invalid(parts[0]?.[0] ?? 'capacity', 'a pool has either a capacity or a rate', doorKinds.invalid_request, hint)
	if (capacity != null) await call(db, 'setPool', [params.name, capacity])
	else await call(db, 'setRate', [params.name, amount ?? null, per_seconds ?? null, burst ?? null])
	return shape(await callOne<Row>(db, 'findPools', [params.name, null, null]))
}

export const poolRoutes: Routes = {
	'/pools': {
		get: operation({
			summary: 'The pools, limits and rates',
			tag: 'pools',
			answers: { 200: json(z.strictObject({ pools: z.array(shownPool) }), 'By name.') },
			handle: async ({ db }) => ({ pools: (await call<Row>(db, 'listPools')).map(shape) }),
		}),
	},
	'/pools/:name': {
		put: operation({
			summary: 'Make a pool, or change it',
			tag: 'pools',
			params: { name },
			body: {
				whole: 'a pool',
				schema: poolRequest,
				examples: { capacity: { capacity: 5 }, rate: { amount: 100, per_seconds: 60, burst: 10 } },
			},
			answers: { 200: json(shownPool, 'The pool as it is now.') },
			errors: ['invalid_state'],
			handle: put,
		}),
		delete: operation({
			summary: 'Delete a pool that no job waits for',
			tag: 'pools',
			params: { name },
			answers: { 204: nothing('It is deleted.') },
			errors: ['not_found', 'invalid_state'],
			async handle({ db, params }) {
				await call(db, 'deletePool', [params.name])
				return undefined
			},
		}),
	},
}
