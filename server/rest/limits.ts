/** `/queues/:name/limit` and `/task-types/:type/limit`: how many of their jobs run at a time, and how many start in a while. */
import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { invalid, Problem } from '../problem.ts'
import { check, ofRate, wholeNumber } from './check.ts'
import { readJson } from './json.ts'
import { queueOf, type Row, shape } from './queues.ts'
import type { Given, Handler, Method, Routes } from './routes.ts'

const limitRequest = z.strictObject({ max_running: wholeNumber.nullish(), jobs: ofRate, per_seconds: ofRate, burst: ofRate })

const TYPE = /^[A-Za-z0-9_.:-]{1,100}$/

/** What is limited; one of the two is null, as the database takes them. */
interface Limited {
	queue: string | null
	type: string | null
}

const ofQueue = (params: Record<string, string>): Limited => ({ queue: queueOf(params), type: null })

function ofType({ type }: Record<string, string>): Limited {
	if (!TYPE.test(type!)) throw invalid('type', 'type must be a job type of 1 to 100 of A-Z a-z 0-9 _ . : -')
	return { queue: null, type: type! }
}

const methods = (limited: (params: Record<string, string>) => Limited): Partial<Record<Method, Handler>> => ({
	get: async ({ db, params }) => read(db, limited(params)),
	put: (given) => put(given, limited(given.params)),
	delete: (given) => remove(given, limited(given.params)),
})

export const limitRoutes: Routes = {
	'/queues/:name/limit': methods(ofQueue),
	'/task-types/:type/limit': methods(ofType),
}

/** The pools that stand for its limits: none where it is free. */
async function read(db: Given['db'], { queue, type }: Limited): Promise<Row> {
	const pools = await call<Row>(db, 'findPools', [null, queue, type])
	return { ...(queue === null ? { type } : { queue }), limits: pools.map(shape) }
}

/** Sets what is given and leaves the other limit as it is. */
async function put({ req, db }: Given, limited: Limited): Promise<Row> {
	const { max_running, jobs, per_seconds, burst } = check(limitRequest, readJson(req), 'a limit')
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
