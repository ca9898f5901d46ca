/** `/pools`: what jobs of all workers share, as a capacity that they give back or a rate that refills. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { invalid } from '../problem.ts'
import { check, ofRate } from './check.ts'
import { checkText, readJson } from './json.ts'
import { type Row, shape } from './queues.ts'
import type { Handler, Routes } from './routes.ts'

const poolRequest = z.strictObject({ capacity: z.number().nullish(), amount: ofRate, per_seconds: ofRate, burst: ofRate })

export const poolRoutes: Routes = {
	'/pools': { get: async ({ db }) => ({ pools: (await call<Row>(db, 'listPools')).map(shape) }) },
	'/pools/:name': { put: (given) => put(given), delete: (given) => remove(given) },
}

function nameOf(params: Record<string, string>): string {
	checkText(params.name!, 'name')
	return params.name!
}

const put: Handler = async ({ req, db, params }) => {
	const name = nameOf(params)
	const { capacity, amount, per_seconds, burst } = check(poolRequest, readJson(req), 'a pool')
	const parts = Object.entries({ amount, per_seconds, burst }).filter(([, value]) => value != null)
	const hint = 'Send {"capacity": 5}, or a rate such as {"amount": 100, "per_seconds": 60, "burst": 10}.'
	if ((capacity == null) === (parts.length === 0))
		throw invalid(parts[0]?.[0] ?? 'capacity', 'a pool has either a capacity or a rate', doorKinds.invalid_request, hint)
	if (capacity != null) await call(db, 'setPool', [name, capacity])
	else await call(db, 'setRate', [name, amount ?? null, per_seconds ?? null, burst ?? null])
	return shape(await callOne<Row>(db, 'findPools', [name, null, null]))
}

const remove: Handler = async ({ db, params }) => {
	await call(db, 'deletePool', [nameOf(params)])
	return undefined
}
