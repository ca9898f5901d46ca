import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { registerTypes, useDb } from '../../support/db.ts'
import { root } from '../../support/file-rules.ts'
import { submitEach } from '../../support/stage.ts'

const db = useDb(test)

/** schema_error() as it is, except that it looks at every field: what the short cuts must agree with. */
async function makePlainChecker(): Promise<void> {
	const text = fs.readFileSync(path.join(root, 'functions/0_base/schema_error.sql'), 'utf8')
	const everyField = `(
		select e.key, e.value, coalesce(schema -> 'properties' -> e.key, schema -> 'additionalProperties') from jsonb_each(value) as e
	) as d (key, field, field_schema) where d.field_schema is not null`
	await db.query(
		text
			.replaceAll('taskq_private.schema_error', 'taskq_private.plain_schema_error')
			.replace('taskq_private.schema_doubts(value, schema) as d', everyField)
			.replace('else taskq_private.plain', `when v_schema = 'true' then null else taskq_private.plain`),
	)
}

const subset = (keywords: Record<string, fc.Arbitrary<unknown>>) => fc.record(keywords, { requiredKeys: [] })
const scalar = fc.constantFrom<unknown>('', 'a', 'ab', 'abc', 'äöü', '1', 'a\nb', -1, 0, 1, 1.5, 2, 1e20, true, false, null)
const name = fc.constantFrom('a', 'b', 'c', 'd')
const small = fc.constantFrom(0, 1, 2, 3)

const leaf = subset({
	type: fc.oneof(fc.constantFrom('string', 'number', 'integer', 'boolean', 'null'), fc.constant(['string', 'null'])),
	enum: fc.array(scalar, { minLength: 1, maxLength: 6 }),
	const: scalar,
	minLength: small,
	maxLength: small,
	pattern: fc.constantFrom('^[a-z]+$', '^[^\\r\\n\\0]*$', 'b'),
	minimum: small,
	maximum: fc.constantFrom(0, 1.5, 100),
	exclusiveMinimum: small,
	exclusiveMaximum: small,
	description: fc.constant('in words'),
})
// one type and one or two keywords, as in most schemas: these mostly fit
const usual = fc.oneof(
	fc.record({ type: fc.constant('string'), maxLength: small }),
	fc.record({ type: fc.constant('string'), minLength: small, pattern: fc.constant('^[^\\r\\n\\0]*$') }),
	fc.record({ type: fc.constantFrom('number', 'integer'), minimum: fc.constant(0) }),
	fc.record({ type: fc.constant('string'), enum: fc.constant(['a', 'ab', 1]) }),
	fc.constantFrom({ type: 'boolean' }, { type: 'string' }, { type: 'number' }),
)

const { schema, value } = fc.letrec<{ schema: unknown; object: object; value: unknown }>((tie) => ({
	schema: fc.oneof(
		{ depthSize: 'small', withCrossShrink: true },
		usual,
		leaf,
		fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
		fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
		fc.record({ type: fc.constant('array'), items: tie('schema'), maxItems: small }, { requiredKeys: ['type'] }),
		tie('object'),
	),
	object: fc.record(
		{
			type: fc.constant('object'),
			required: fc.uniqueArray(name, { maxLength: 2 }),
			properties: fc.dictionary(name, tie('schema')),
			additionalProperties: fc.oneof(fc.boolean(), fc.constant({}), tie('schema')),
		},
		{ requiredKeys: ['type'] },
	),
	value: fc.oneof(
		{ depthSize: 'small', withCrossShrink: true },
		{ weight: 4, arbitrary: scalar },
		fc.array(tie('value'), { maxLength: 3 }),
		fc.dictionary(name, tie('value')),
	),
}))
const object = fc.record(
	{
		type: fc.constant('object'),
		required: fc.uniqueArray(name, { maxLength: 1 }),
		properties: fc.dictionary(name, fc.oneof({ weight: 3, arbitrary: usual }, schema)),
		additionalProperties: fc.oneof(fc.boolean(), fc.constant({}), usual),
	},
	{ requiredKeys: ['type', 'properties'] },
)
const payload = fc.oneof(
	{ weight: 3, arbitrary: fc.dictionary(name, fc.constantFrom('a', 'ab', 1), { maxKeys: 2 }) },
	{ weight: 2, arbitrary: fc.dictionary(name, fc.oneof(scalar, value)) },
	value,
)

test('the short cuts for payloads that plainly fit agree with the look at every field', async (t) => {
	await makePlainChecker()
	let good = 0
	let bad = 0

	await fc.assert(
		fc.asyncProperty(fc.oneof(object, schema), fc.array(payload, { minLength: 1, maxLength: 20 }), async (payload_schema, payloads) => {
			await registerTypes(db, { type: 'any', payload_schema })
			const answers = await submitEach(
				db.pool,
				payloads.map((payload) => ({ type: 'any', payload })),
			)
			const expected = await db.rows(
				`select e.error, e.error is not distinct from taskq_private.schema_error(p.payload, $2, 'payload') as is_same
				from jsonb_array_elements($1) with ordinality as q (value, n)
				cross join lateral (select coalesce(nullif(q.value, 'null'), '{}')) as p (payload)
				cross join lateral (select taskq_private.plain_schema_error(p.payload, $2, 'payload')) as e (error)
				order by q.n`,
				[JSON.stringify(payloads), JSON.stringify(payload_schema)],
			)

			t.deepEqual(
				answers.map(({ error }) => error),
				expected.map(({ error }) => error && { ...error, code: 'TQ424' }),
			)
			t.true(expected.every(({ is_same }) => is_same))
			good += expected.filter(({ error }) => !error).length
			bad += expected.filter(({ error }) => error).length
		}),
		{ numRuns: 300 },
	)

	t.true(good > 200 && bad > 200, `${good} good and ${bad} bad payloads are too few to tell`)
})
