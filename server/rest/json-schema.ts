/** From the schemas that check to those that tell: zod to JSON Schema 2020-12, which is what OpenAPI 3.1 has. */
import { z } from 'zod'

type JsonSchema = Record<string, unknown>

const looks = z.registry<{ look: JsonSchema }>()

/** What a schema looks like to callers, where its parts do not say so: parameters are texts that stand for other things. */
export function looksLike<Schema extends z.ZodType>(schema: Schema, look: JsonSchema): Schema {
	looks.add(schema, { look })
	return schema
}

function mend(schema: z.core.$ZodType, json: JsonSchema): void {
	const look = looks.get(schema)?.look
	if (look) {
		for (const name of Object.keys(json)) delete json[name]
		Object.assign(json, look)
	}
	const { def } = schema._zod
	if (def.type === 'default') json.default ??= (def as z.core.$ZodDefaultDef).defaultValue
	if (json.format !== undefined) delete json.pattern // the format says it, and can be read
	if (Math.abs(Number(json.minimum)) === Number.MAX_SAFE_INTEGER) delete json.minimum
	if (Number(json.maximum) === Number.MAX_SAFE_INTEGER) delete json.maximum
	if (json.type === 'integer' && Array.isArray(json.anyOf)) delete json.anyOf
}

/**
 * A schema as JSON Schema; those with an id (`meta({ id })`) go into `named`, and a reference to them is answered.
 * `input`: as it is sent; `output`: as it is answered.
 */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output', named: Record<string, JsonSchema>): JsonSchema {
	const made = z.toJSONSchema(schema, {
		target: 'draft-2020-12',
		io,
		unrepresentable: 'any',
		override: ({ zodSchema, jsonSchema }) => mend(zodSchema, jsonSchema as JsonSchema),
	})
	const text = JSON.stringify(made).replaceAll('#/$defs/', '#/components/schemas/')
	const { $schema, $defs = {}, id, ...whole } = JSON.parse(text) as JsonSchema & { $defs?: Record<string, JsonSchema>; id?: string }
	for (const [name, { id: _, $schema: __, ...json }] of Object.entries($defs)) named[name] = json
	if (!id) return whole
	if (!whole.$ref) named[id] = whole
	return { $ref: `#/components/schemas/${id}` }
}
