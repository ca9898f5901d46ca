import { readFileSync } from 'node:fs'
import test from 'ava'
import { tasks } from '../../../worker/tasks/index.ts'
import { createDatabase } from './support.ts'

type Schema = Record<string, unknown>

// What the check at submit, in SQL, reads or may pass over.
const KEYWORDS = new Set(
	(
		'type enum const properties required additionalProperties items minItems maxItems minimum maximum exclusiveMinimum ' +
		'exclusiveMaximum minLength maxLength pattern anyOf oneOf description default format'
	).split(' '),
)

function schemasIn(schema: Schema): Schema[] {
	const { properties = {}, additionalProperties, items, anyOf = [] } = schema as { properties?: Schema; anyOf?: Schema[] } & Schema
	const inner = [...Object.values(properties), additionalProperties, items, ...anyOf].filter((one) => one && typeof one === 'object')
	return [schema, ...inner.flatMap((one) => schemasIn(one as Schema))]
}

const allSchemas = () => tasks.flatMap(({ payloadSchema }) => schemasIn(payloadSchema))

test('every job type that the requirements name is there, once', (t) => {
	const named = 'sleep math http_request echo random_failure send_email data_export data_fetch data_processing report_generation'

	const types = tasks.map(({ type }) => type)

	t.deepEqual(types.toSorted(), named.split(' ').sort())
})

test('every task and every field of its payload is described', (t) => {
	const undescribed = tasks.flatMap(({ type, description, payloadSchema }) => [
		...(description ? [] : [type]),
		...schemasIn(payloadSchema).flatMap(({ properties = {} }) =>
			Object.entries(properties as Record<string, Schema>).flatMap(([name, field]) => (field.description ? [] : [`${type}.${name}`])),
		),
	])

	t.deepEqual(undescribed, [])
})

test('payload schemas use only what the check at submit understands', (t) => {
	const schemas = allSchemas()

	const unknown = schemas.flatMap((schema) => Object.keys(schema).filter((keyword) => !KEYWORDS.has(keyword)))
	const listed = schemas.filter(({ type }) => Array.isArray(type))

	t.deepEqual(unknown, [])
	t.deepEqual(listed, [])
})

test('PostgreSQL reads the patterns of payload schemas as JavaScript does', async (t) => {
	const patterns = new Set(allSchemas().flatMap(({ pattern }) => (typeof pattern === 'string' ? [pattern] : [])))
	const samples = [
		'',
		'a',
		'a\rb',
		'a\nb',
		'b\n',
		'\u00e4\u{1f600}',
		'HTTPS://x',
		'ftp://x',
		'2024-02-29',
		'2023-02-29',
		'../x',
		'x.csv',
		'daily_summary',
	]
	const { client, drop } = await createDatabase()
	t.teardown(drop)

	for (const pattern of patterns)
		for (const sample of samples) {
			const { rows } = await client.query('select $1::text ~ $2 as matches', [sample, pattern])

			t.is(rows[0].matches, new RegExp(pattern).test(sample), `${JSON.stringify(sample)} ~ ${pattern}`)
		}
	t.true(patterns.size > 3)
})

test('the payloads that the requirements print are accepted', (t) => {
	const printed: { type: string; payload: unknown }[] = [
		{ type: 'sleep', payload: { duration: 2 } },
		{ type: 'math', payload: { operation: 'add', a: 5, b: 3 } },
		{ type: 'http_request', payload: { url: 'https://httpbin.org/get', method: 'GET' } },
		{ type: 'echo', payload: { message: 'Hello World' } },
		{ type: 'random_failure', payload: { failure_rate: 0.3 } },
		{ type: 'data_export', payload: { user_id: 123, format: 'csv' } },
		{ type: 'report_generation', payload: { report_type: 'daily_summary', date: '2024-01-15' } },
	]

	const refused = printed.filter(({ type, payload }) => !tasks.find((task) => task.type === type)?.payload.safeParse(payload).success)

	t.deepEqual(refused, [])
})

test('every task but echo refuses a field that it does not know', (t) => {
	const open = tasks.filter(({ payloadSchema }) => payloadSchema.additionalProperties !== false)

	t.deepEqual(
		open.map(({ type }) => type),
		['echo'],
	)
})

test('each task lives in a file of its name, in a line of its own in the index', (t) => {
	const index = readFileSync(new URL('../../../worker/tasks/index.ts', import.meta.url), 'utf8')

	const missing = tasks.filter(({ type }) => !index.includes(`from './${type.replaceAll('_', '-')}.ts'`))

	t.deepEqual(missing, [])
})
