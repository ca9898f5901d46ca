/** `/concurrency-keys`: how many jobs of one key may be ready or running, and how many wait behind them. */
import { z } from 'zod'
import { call } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { Problem } from '../problem.ts'
import { check, wholeNumber } from './check.ts'
import { checkText, readJson } from './json.ts'
import { checkQuery, readQuery, text, whole } from './query.ts'
import type { Given, Handler, Routes } from './routes.ts'

const listQuery = z.strictObject({ after: text.optional(), limit: whole(1, 1000).default(200) })
const keyRequest = z.strictObject({ max_running: wholeNumber })

interface KeyRow {
	concurrency_key: string
	max_running: number
	admitted_count: string
	parked_count: string
}

export const concurrencyKeyRoutes: Routes = {
	'/concurrency-keys': { get: (given) => list(given) },
	'/concurrency-keys/:key': { get: (given) => get(given), put: (given) => put(given) },
}

const shapeKey = ({ admitted_count, parked_count, ...row }: KeyRow) => ({
	...row,
	admitted_count: Number(admitted_count),
	parked_count: Number(parked_count),
})

function keyOf(params: Record<string, string>): string {
	checkText(params.key!, 'key')
	return params.key!
}

const list: Handler = async ({ req, db }) => {
	const { after, limit } = checkQuery(listQuery, readQuery(req))
	const rows = await call<KeyRow>(db, 'concurrencyKeys', [after ?? '', limit + 1])
	const page = rows.slice(0, limit)
	return { concurrency_keys: page.map(shapeKey), next_after: rows.length > limit ? page.at(-1)!.concurrency_key : null }
}

const get: Handler = async ({ db, params }) => read(db, keyOf(params))

async function read(db: Given['db'], key: string) {
	const [row] = await call<KeyRow>(db, 'concurrencyKey', [key])
	if (!row)
		throw new Problem(doorKinds.not_found, `no concurrency key ${JSON.stringify(key.slice(0, 100))}`, {
			hint: 'GET /concurrency-keys lists them; a key without jobs is forgotten unless PUT has set its limit.',
		})
	return shapeKey(row)
}

const put: Handler = async ({ req, db, params }) => {
	const key = keyOf(params)
	const { max_running } = check(keyRequest, readJson(req), 'a concurrency key')
	await call(db, 'setConcurrencyLimit', [key, max_running])
	return read(db, key)
}
