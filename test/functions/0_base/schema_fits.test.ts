import test from 'ava'
import { useDb } from '../../support/db.ts'

const db = useDb(test)

const types = [{}, ...['string', 'number', 'integer', 'boolean', 'null', ['string', 'null']].map((type) => ({ type }))]
const keywords: Record<string, unknown>[] = [
	...[{}, { enum: ['a', 'ab', 1, true] }, { enum: [null, 1.5] }, { const: 'ab' }, { const: 1 }, { pattern: '^[a-z]+$' }, { pattern: 'b' }],
	...[
		{ minLength: 1 },
		{ minLength: 3 },
		{ maxLength: 1 },
		{ maxLength: 3 },
		{ minimum: 0 },
		{ minimum: 2 },
		{ maximum: 0 },
		{ maximum: 1.5 },
	],
	...[{ exclusiveMinimum: 1 }, { exclusiveMaximum: 2 }, { anyOf: [{ type: 'string', maxLength: 2 }] }, { oneOf: [{ type: 'integer' }] }],
	...[{ description: 'in words', default: 'ab' }, { minItems: 1 }],
]
const values = ['', 'a', 'ab', 'abc', 'äöü', '1', 'a\nb', -1, 0, 1, 1.5, 2, 1e20, true, false, null, [], ['a'], {}]
const schemas = types.flatMap((type) => keywords.flatMap((one) => keywords.map((other) => ({ ...type, ...one, ...other }))))

test('what fits plainly has no error, whatever the type, the value and two further keywords', async (t) => {
	const checked = await db.rows<{ schema: unknown; value: unknown; fits: boolean | null; is_good: boolean }>(
		`select s.value as schema, v.value, f.fits, taskq_private.schema_error(v.value, s.value, 'payload') is null as is_good
		from jsonb_array_elements($1) as s
		cross join jsonb_array_elements($2) as v
		cross join lateral (select taskq_private.schema_fits(v.value, s.value)) as f (fits)`,
		[JSON.stringify(schemas), JSON.stringify(values)],
	)

	t.deepEqual(
		checked.filter(({ fits, is_good }) => fits && !is_good),
		[],
	)
	t.true(checked.filter(({ fits }) => fits).length > 3000, 'nothing much is known to fit')
})
