import test from 'ava'
import fc from 'fast-check'
import { until } from '../support/patience.ts'
import { nearly, valuesOf } from './openapi/arbitrary.ts'
import { type Described, makeContract, operationsOf, type Request } from './openapi/contract.ts'
import { makeStage, type Stage } from './openapi/stage.ts'
import { type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

const RUNS = 25

/** What a path's name is tried with: something that is there, something that may be, and something that is none. */
const named = (stage: Stage, schema: Json, document: Json): fc.Arbitrary<string> =>
	fc
		.oneof(
			fc.constantFrom(...Object.values(stage).filter((value) => typeof value === 'string'), 'run', 'echo', 'default'),
			valuesOf(document, schema).map(String),
			fc.string({ unit: 'binary', maxLength: 30 }).map((text) => text.toWellFormed()),
		)
		.filter((name) => !/^(|\.{1,2})$/.test(name)) // these make another path of it, wherever they stand

function requestsOf({ method, template, operation }: Described, document: Json, stage: Stage): fc.Arbitrary<Request> {
	const { parameters = [], requestBody } = operation
	const of = (place: string) => parameters.filter((parameter: Json) => parameter.in === place)
	const path = fc.record(Object.fromEntries(of('path').map(({ name, schema }: Json) => [name, named(stage, schema, document)])))
	const query = fc.record(
		Object.fromEntries(of('query').map(({ name, schema }: Json) => [name, name === 'wait' ? fc.constant(0) : nearly(document, schema)])),
		{ requiredKeys: [] },
	)
	const headers = fc.record(Object.fromEntries(of('header').map(({ name }: Json) => [name, fc.stringMatching(/^[\x20-\x7e]{0,40}$/)])), {
		requiredKeys: [],
	})
	const body = requestBody
		? fc.option(nearly(document, requestBody.content['application/json'].schema), { nil: undefined, freq: 9 })
		: fc.constant(undefined)
	return fc.record({ path, query, headers, body }).map((given) => {
		const search = new URLSearchParams(Object.entries<Json>(given.query).map(([name, value]) => [name, textOf(value)] as [string, string]))
		const at = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent((given.path as Json)[name]))
		return { method, path: `${at}?${search}`, headers: given.headers as Record<string, string>, body: given.body }
	})
}

const textOf = (value: Json): string =>
	typeof value === 'object' ? (Array.isArray(value) ? value.join() : JSON.stringify(value)) : String(value).toWellFormed()

test('whatever is made of the document is answered as the document has it, and never with 500', async (t) => {
	const document = (await api.get('/openapi.json')).body
	const contract = makeContract(document, api.url)
	const stage = await makeStage(db, api)
	await until(async () => (await api.post('/graphql', { query: '{ __typename }' })).status === 200)
	const skipped = ['/graphql', '/jobs/stream'] // are not of these schemas

	let sent = 0
	let fault = ''
	for (const described of operationsOf(document).filter(({ template }) => !skipped.includes(template)))
		await fc
			.assert(
				fc.asyncProperty(requestsOf(described, document, stage), async (request) => {
					sent++
					const { status, text } = await contract.send(request)
					if (status !== 500 && contract.breaches.length === 0) return
					fault = contract.breaches.pop() ?? `${status} ${text}`
					throw new Error(fault)
				}),
				{ numRuns: RUNS },
			)
			.catch((error: Error) => t.fail(`${fault}\n${error.message}`))

	t.true(sent >= 35 * RUNS)
	t.log(`${sent} requests`)
})
