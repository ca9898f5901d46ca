import test from 'ava'
import { z } from 'zod'
import { useDb } from '../../support/db.ts'

const db = useDb(test)

const types = [...['string', 'number', 'integer', 'boolean', 'null', 'object', 'array', 'odd'], ['string', 'null'], ['integer', 'string']]
const keywords: Record<string, unknown>[] = [
	...[{}, { enum: ['a', 1] }, { const: 1 }, { pattern: '^[a-z]+$' }, { minLength: 1 }, { minLength: 2 }, { maxLength: 1 }],
	...[{ minimum: 0 }, { minimum: 1.5 }, { maximum: 1 }, { maximum: '1' }, { exclusiveMinimum: 1 }, { exclusiveMaximum: 2 }],
	...[{ anyOf: [{ type: 'string', maxLength: 2 }, { type: 'null' }] }, { oneOf: [{ type: 'integer' }] }, { anyOf: [] }],
	...[
		{ items: { type: 'string' } },
		{ minItems: 1 },
		{ properties: { a: { type: 'string' } } },
		{ required: ['a'] },
		{ additionalProperties: false },
	],
]
const values = ['', 'a', 'ab', 'abc', '1', -1, 0, 1, 1.5, 2, 1e20, true, false, null, [], ['a'], [1], {}, { a: 1 }]
const fields = [{}, true, ...types.flatMap((type) => keywords.map((one) => ({ type, ...one }))), ...keywords]
const odd = 'a "quoted" \\ key $.x'

const looks = (schemas: unknown[], payloads: unknown[]) =>
	db.rows<{ schema: unknown; payload: unknown; fits: boolean; is_good: boolean }>(
		`select s.value as schema, p.value as payload, f.fits, taskq_private.schema_error(p.value, s.value, 'payload') is null as is_good
		from jsonb_array_elements($1) as s
		cross join lateral (select taskq_private.payload_test(s.value) offset 0) as c (test)
		cross join jsonb_array_elements($2) as p
		cross join lateral (select jsonb_path_match(p.value, c.test, '{}', true) is true) as f (fits)`,
		[JSON.stringify(schemas), JSON.stringify(payloads)],
	)

test('a payload that passes the test of its schema has no error, whatever the field', async (t) => {
	const schemas = fields.flatMap((field) => [
		{ type: 'object', properties: { [odd]: field } },
		{ type: 'object', properties: { [odd]: field, b: {} }, required: [odd], additionalProperties: false },
	])
	const payloads = [
		...values.flatMap((value) => [{ [odd]: value }, { [odd]: value, b: 1 }, { [odd]: value, c: 1 }]),
		{},
		[],
		'text',
		[{ [odd]: 'a' }],
	]

	const checked = await looks(schemas, payloads)

	t.deepEqual(
		checked.filter(({ fits, is_good }) => fits && !is_good),
		[],
	)
	t.true(checked.filter(({ fits }) => fits).length > 1000, 'nothing much passes')
})

test('what most tasks declare is decided by the test alone', async (t) => {
	const schemas = [
		z.object({ s: z.string(), n: z.number().optional() }),
		z.looseObject({ s: z.string().nullable(), n: z.int().min(0).max(10).optional() }),
		z.object({ s: z.string().min(1), o: z.record(z.string(), z.unknown()).optional() }),
		z.object({ s: z.union([z.string(), z.number()]), b: z.boolean().default(true), a: z.array(z.unknown()).optional() }),
	].map((schema) => z.toJSONSchema(schema, { io: 'input' }))

	const checked = await looks(schemas, [{ s: 'x' }, { s: 'x', n: 3 }])

	t.true(checked.every(({ fits }) => fits))
})

test('a schema that is not one has no test, and registers as before', async (t) => {
	for (const schema of [
		{ type: 'object', required: 'a' },
		{ type: 'object', required: [1] },
		{ type: 'object', properties: [] },
		{ type: 'array' },
		true,
	])
		t.is((await db.row('select taskq_private.payload_test($1) as test', [JSON.stringify(schema)])).test, null, JSON.stringify(schema))
})
