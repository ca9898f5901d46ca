/** From the document's schemas to requests: most of them right, some of them wrong in one place. */
import fc from 'fast-check'
import type { Json } from '../support.ts'
import { resolve } from './contract.ts'

const odd = fc.constantFrom<Json>(null, true, -1, 0, 1e308, '', 'a\0', '\ud800', [], {}, [[]], 'x'.repeat(300), '2030-02-30T00:00:00Z', {
	a: { b: [] },
})

function texts({ format, minLength = 0, maxLength = 60, pattern }: Json): fc.Arbitrary<Json> {
	if (format === 'uuid') return fc.uuid()
	if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
	if (format === 'date') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10))
	if (pattern) return fc.stringMatching(new RegExp(pattern)).map((text) => text.slice(0, maxLength))
	return fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 60) })
}

function objects(document: Json, { properties = {}, required = [], additionalProperties }: Json): fc.Arbitrary<Json> {
	const fields = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, valuesOf(document, schema)]))
	const known = fc.record(fields, { requiredKeys: required })
	if (typeof additionalProperties !== 'object') return known
	return fc
		.tuple(known, fc.dictionary(fc.string({ maxLength: 10 }), valuesOf(document, additionalProperties), { maxKeys: 2 }))
		.map(([a, b]) => ({ ...b, ...a }))
}

/** Values of a schema. */
export function valuesOf(document: Json, given: Json): fc.Arbitrary<Json> {
	const schema = resolve(document, given)
	if (schema.const !== undefined) return fc.constant(schema.const)
	if (schema.enum) return fc.constantFrom(...schema.enum)
	if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one: Json) => valuesOf(document, one)))
	if (Array.isArray(schema.type)) return fc.oneof(...schema.type.map((type: string) => valuesOf(document, { ...schema, type })))
	if (schema.type === 'string') return texts(schema)
	if (schema.type === 'integer') return fc.integer({ min: schema.minimum ?? -1000, max: Math.min(schema.maximum ?? 1000, 2 ** 31 - 1) })
	if (schema.type === 'number') return fc.double({ min: schema.minimum ?? -1000, max: schema.maximum ?? 1000, noNaN: true })
	if (schema.type === 'boolean') return fc.boolean()
	if (schema.type === 'null') return fc.constant(null)
	if (schema.type === 'array') return fc.array(valuesOf(document, schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 4 })
	if (schema.type === 'object') return objects(document, schema)
	return fc.jsonValue({ maxDepth: 3 })
}

/** The same, with one field put to something odd now and then. */
export const nearly = (document: Json, schema: Json): fc.Arbitrary<Json> =>
	fc.oneof(
		{ weight: 3, arbitrary: valuesOf(document, schema) },
		{
			weight: 1,
			arbitrary: fc
				.tuple(valuesOf(document, schema), odd, fc.nat(), fc.constantFrom('nonsense', '__proto__', 'a\0'))
				.map(([value, bad, nth, name]) => {
					if (typeof value !== 'object' || value === null || Array.isArray(value)) return bad
					const names = [...Object.keys(value), name]
					return Object.defineProperty({ ...value }, names[nth % names.length]!, { value: bad, enumerable: true })
				}),
		},
	)
