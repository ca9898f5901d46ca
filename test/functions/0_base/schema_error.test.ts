import test from 'ava'
import { useDb } from '../../support/db.ts'

const db = useDb(test)

/** The place of the first error, or null where the value fits. */
const fieldOf = async (schema: unknown, value: unknown): Promise<string | null> => {
	const values = [JSON.stringify(value), JSON.stringify(schema)]
	const { error } = await db.row(`select taskq_private.schema_error($1, $2, 'payload') as error`, values)
	return error?.field ?? null
}

/** keyword: [schema, values that fit, values that do not]; the error is at the value itself. */
const keywords: Record<string, [unknown, unknown[], unknown[]]> = {
	'type string': [{ type: 'string' }, ['', 'a'], [1, null, true, [], {}]],
	'type number': [{ type: 'number' }, [0, 1.5, -1e30], ['1', null, true, [], {}]],
	'type integer': [{ type: 'integer' }, [0, -3, 1e20], [1.5, '1', null]],
	'type boolean': [{ type: 'boolean' }, [true, false], [0, 'true', null]],
	'type null': [{ type: 'null' }, [null], [0, '', false]],
	'type array': [{ type: 'array' }, [[], [1]], [{}, 'a']],
	'type object': [{ type: 'object' }, [{}, { a: 1 }], [[], 'a', null]],
	'a list of types': [{ type: ['string', 'null', 'integer'] }, ['a', null, 3], [1.5, true, {}]],
	const: [{ const: { a: [1] } }, [{ a: [1] }], [{ a: [2] }, {}, null]],
	enum: [{ enum: ['a', 1, null] }, ['a', 1, null], ['b', '1', false]],
	minimum: [{ minimum: 1 }, [1, 2, 'text'], [0, 0.999, -5]],
	maximum: [{ maximum: 1 }, [1, -5], [1.001, 2]],
	exclusiveMinimum: [{ exclusiveMinimum: 0 }, [0.001], [0, -1]],
	exclusiveMaximum: [{ exclusiveMaximum: 10 }, [9.9], [10, 11]],
	minLength: [{ minLength: 2 }, ['ab', 'äö', 5], ['a', '']],
	maxLength: [{ maxLength: 2 }, ['ab', ''], ['abc']],
	pattern: [{ pattern: '^[a-z]+\\.(csv|jsonl)$' }, ['a.csv', 5], ['A.csv', 'a.txt', '']],
	minItems: [{ minItems: 1 }, [[1]], [[]]],
	maxItems: [{ maxItems: 1 }, [[], [1]], [[1, 2]]],
	anyOf: [{ anyOf: [{ type: 'string' }, { type: 'integer', minimum: 5 }] }, ['a', 5], [4, null, 5.5]],
	oneOf: [{ oneOf: [{ const: 'a' }, { const: 'b' }] }, ['a', 'b'], ['c', 1]],
	'nothing at all': [{}, [1, null, 'a', [], {}], []],
	'what it does not know': [{ format: 'email', title: 'x' }, ['no address'], []],
}

for (const [keyword, [schema, good, bad]] of Object.entries(keywords)) {
	test(`${keyword} is checked`, async (t) => {
		for (const value of good) t.is(await fieldOf(schema, value), null, `${JSON.stringify(value)} fits`)
		for (const value of bad) t.is(await fieldOf(schema, value), 'payload', `${JSON.stringify(value)} does not`)
	})
}

/** Checks that look inside: [schema, value, where the error is]. */
const places: Record<string, [unknown, unknown, string | null]> = {
	'a required field that is missing': [{ required: ['a'] }, {}, 'payload.a'],
	'a required field that is null is there': [{ required: ['a'] }, { a: null }, null],
	'required asks nothing of a text': [{ required: ['a'] }, 'text', null],
	'a field against its schema': [{ properties: { a: { type: 'string' } } }, { a: 1 }, 'payload.a'],
	'an optional field that is missing': [{ properties: { a: { type: 'string' } } }, {}, null],
	'a field that is not known': [{ properties: { a: {} }, additionalProperties: false }, { a: 1, b: 2 }, 'payload.b'],
	'a further field that may be anything': [{ properties: { a: {} }, additionalProperties: true }, { b: 2 }, null],
	'a further field against its schema': [{ additionalProperties: { type: 'number' } }, { a: 1, b: 'x' }, 'payload.b'],
	'an element of a list': [{ items: { type: 'string' } }, ['a', 'b', 3], 'payload[2]'],
	'a list of anything': [{ items: true }, ['a', 3], null],
	'a field of an element of a field': [
		{ properties: { mails: { type: 'array', items: { properties: { to: { minLength: 1 } } } } } },
		{ mails: [{ to: 'a' }, { to: '' }] },
		'payload.mails[1].to',
	],
	'a choice within a field': [{ properties: { a: { anyOf: [{ type: 'null' }, { type: 'integer' }] } } }, { a: 'x' }, 'payload.a'],
}

for (const [place, [schema, value, field]] of Object.entries(places)) {
	test(`${place}: ${field ?? 'fits'}`, async (t) => {
		t.is(await fieldOf(schema, value), field)
	})
}
