/** `/queues/:name/limit` and `/task-types/:type/limit`: how many of their jobs run at a time, and how many start in a while. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { invalid, Problem } from '../problem.ts'
import { type Given, json, type Method, nothing, type Operation, operation, type Routes } from './operation.ts'
import { type Param, queueParam, typeParam } from './params.ts'
import { shownPool } from './pools.ts'
import { ofRate, wholeNumber } from './requests.ts'
import { type Row, shape } from './shapes.ts'

const limitRequest = z.strictObject({ max_running: wholeNumber.nullish(), jobs: ofRate, per_seconds: ofRate, burst: ofRate })
type Limit = z.output<typeof limitRequest>

/** What is limited; one of the two is null, as the database takes them. */
interface Limited {
	queue: string | null
	type: string | null
}

interface Of {
	/** What has the limit, in words and as a field. */
	what: string
	field: 'queue' | 'type'
	params: Record<string, Param>
	of: (params: Record<string, string>) => Limited
}

function methods({ what, field, params, of }: Of): Partial<Record<Method, Operation>> {
	const limits = z.strictObject({ [field]: z.string(), limits: z.array(shownPool).describe('None where it is free.') })
	const common = { tag: 'queues' as const, params }
	return {
		get: operation({
			...common,
			summary: `The limits of a ${what}`,
			answers: { 200: json(limits, 'The pools that stand for them.') },
			handle: async ({ db, params }) => read(db, of(params)),
		}),
		put: operation({
			...common,
			summary: `Limit how many jobs of a ${what} run at a time, or start in a while`,
			description: 'Sets what is given and leaves the other limit as it is.',
			body: {
				whole: 'a limit',
				schema: limitRequest,
				examples: { 'at a time': { max_running: 5 }, 'in a while': { jobs: 100, per_seconds: 60, burst: 10 } },
			},
			answers: { 200: json(limits, 'Its limits now.') },
			handle: (given) => put(given, of(given.params)),
		}),
		delete: operation({
			...common,
			summary: `Free a ${what} of its limits`,
			answers: { 204: nothing('It is free.') },
			errors: ['not_found'],
			handle: (given) => remove(given, of(given.params)),
		}),
	}
}

export const limitRoutes: Routes = {
	'/queues/:name/limit': methods({
		...{ what: 'queue', field: 'queue', params: { name: queueParam } },
		of: ({ name }) => ({ queue: name!, type: null }),
	}),
	'/task-types/:type/limit': methods({
		...{ what: 'job type', field: 'type', params: { type: typeParam } },
		of: ({ type }) => ({ queue: null, type: type! }),
	}),
}

/** The pools that stand for its limits: none where it is free. */
async function read(db: Given['db'], { queue, type }: Limited): Promise<Row> {
	const pools = await call<Row>(db, 'findPools', [null, queue, type])
	return { ...(queue === null ? { type } : { queue }), limits: pools.map(shape) }
}

/** Sets what is given and leaves the other limit as it is. */
async function put({ db, body }: Given<unknown, Limit>, limited: Limited): Promise<Row> {
	const { max_running, jobs, per_seconds, burst } = body
	const hint = 'Send {"max_running": 5}, {"jobs": 100, "per_seconds": 60, "burst": 10}, or both in one.'
	const isPart = jobs == null && (per_seconds != null || burst != null)
	if (isPart) throw invalid('jobs', 'jobs is required for a rate', doorKinds.invalid_request, hint)
	if (max_running == null && jobs == null)
		throw invalid('max_running', 'a limit needs max_running or jobs', doorKinds.invalid_request, hint)
	const { queue, type } = limited
	await callOne(db, 'setLimits', [queue, type, max_running ?? null, jobs ?? null, per_seconds ?? null, burst ?? null])
	return read(db, limited)
}

async function remove({ db }: Given, { queue, type }: Limited): Promise<undefined> {
	const removed = await call(db, 'deleteLimits', [queue, type])
	if (removed.length === 0)
		throw new Problem(doorKinds.not_found, queue === null ? `type "${type}" has no limit` : `queue "${queue}" has no limit`, {
			hint: 'GET /pools lists the limits that there are.',
		})
}
