/** `/concurrency-keys`: how many jobs of one key may be ready or running, and how many wait behind them. */
import { z } from 'zod'
import { call } from '../../db/calls.ts'
import { doorKinds } from '../errors.ts'
import { Problem } from '../problem.ts'
import { linkNext } from './headers.ts'
import { type Given, type Handler, json, operation, type Routes } from './operation.ts'
import { textParam } from './params.ts'
import { text, whole } from './query.ts'
import { wholeNumber } from './requests.ts'
import { count } from './shapes.ts'

const listQuery = z.strictObject({
	after: text.optional().describe('The `next_after` of an earlier page.'),
	limit: whole(1, 1000).default(200),
})
const keyRequest = z.strictObject({ max_running: wholeNumber })

const shownKey = z
	.strictObject({ concurrency_key: z.string(), max_running: z.int(), admitted_count: count, parked_count: count })
	.meta({ id: 'ConcurrencyKey', description: 'How many of its jobs are ready or running, and how many wait behind them.' })
const keyList = z.strictObject({
	concurrency_keys: z.array(shownKey),
	next_after: z.string().nullable().describe('Give it as `after` to get the next page; null on the last one.'),
})

interface KeyRow {
	concurrency_key: string
	max_running: number
	admitted_count: string
	parked_count: string
}

const shapeKey = ({ admitted_count, parked_count, ...row }: KeyRow) => ({
	...row,
	admitted_count: Number(admitted_count),
	parked_count: Number(parked_count),
})

const key = textParam('key', 'The key, as jobs have it in `concurrency_key`.')

const list: Handler<z.output<typeof listQuery>> = async ({ req, res, db, query: { after, limit } }) => {
	const rows = await call<KeyRow>(db, 'concurrencyKeys', [after ?? '', limit + 1])
	const page = rows.slice(0, limit)
	const last = rows.length > limit ? page.at(-1)!.concurrency_key : null
	return { concurrency_keys: page.map(shapeKey), next_after: linkNext({ req, res }, 'after', last) }
}

async function read(db: Given['db'], key: string) {
	const [row] = await call<KeyRow>(db, 'concurrencyKey', [key])
	if (!row)
		throw new Problem(doorKinds.not_found, `no concurrency key ${JSON.stringify(key.slice(0, 100))}`, {
			hint: 'GET /concurrency-keys lists them; a key without jobs is forgotten unless PUT has set its limit.',
		})
	return shapeKey(row)
}

export const concurrencyKeyRoutes: Routes = {
	'/concurrency-keys': {
		get: operation({
			summary: 'The keys that jobs share a limit under',
			tag: 'pools',
			query: listQuery,
			answers: { 200: json(keyList, 'A page of them, by key.', 'Link') },
			handle: list,
		}),
	},
	'/concurrency-keys/:key': {
		get: operation({
			summary: 'Look at a key',
			tag: 'pools',
			params: { key },
			answers: { 200: json(shownKey, 'The key.') },
			errors: ['not_found'],
			handle: ({ db, params }) => read(db, params.key!),
		}),
		put: operation({
			summary: 'Say how many jobs of a key run at a time',
			tag: 'pools',
			params: { key },
			body: { whole: 'a concurrency key', schema: keyRequest, examples: { 'three at a time': { max_running: 3 } } },
			answers: { 200: json(shownKey, 'The key as it is now.') },
			async handle({ db, params, body: { max_running } }) {
				await call(db, 'setConcurrencyLimit', [params.key, max_running])
				return read(db, params.key!)
			},
		}),
	},
}
