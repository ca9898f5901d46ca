/** What comes in after the question mark. */
import type { Request } from 'express'
import { z } from 'zod'
import { idOfCursor } from '../cursors.ts'
import { invalid } from '../problem.ts'
import { check } from './check.ts'
import { checkJson, checkText } from './json.ts'
import { looksLike } from './json-schema.ts'
import { LEVELS, priorityNumber } from './priority.ts'

export type Query = Record<string, string | string[]>

/** The parameters of a request, each checked as text. */
export function readQuery(req: Request): Query {
	const query = req.query as Query
	for (const [name, value] of Object.entries(query)) for (const text of [name, value].flat()) checkText(text, name)
	return query
}

/** What is given twice comes as a list. */
const one = looksLike(z.union([z.string()], 'must be given once'), { type: 'string' })

/** `a,b` and `a` given twice are the same list. */
export const list = looksLike(
	z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat().flatMap((text) => text.split(','))),
	{ type: 'array', items: { type: 'string' } },
)
export const text = one
export const enumeration = <const Name extends string>(names: readonly Name[]) => looksLike(one.pipe(z.enum(names)), { enum: [...names] })
export const whole = (minimum: number, maximum: number) => {
	const message = `must be a whole number from ${minimum} to ${maximum}`
	const digits = z.string().regex(/^\d{1,16}$/, message)
	const number = one.pipe(digits.transform(Number).refine((n) => n >= minimum && n <= maximum, message))
	return looksLike(number, { type: 'integer', minimum, maximum })
}
export const flag = looksLike(
	one.pipe(z.enum(['true', 'false'])).transform((value) => value === 'true'),
	{ type: 'boolean' },
)

/** A day or an instant with its zone; a `+` that became a space on the way is one again. */
export const instant = looksLike(
	one
		.transform((value) => value.replace(/ (?=\d\d:?\d\d$)/, '+'))
		.pipe(z.union([z.iso.datetime({ offset: true }), z.iso.date()], 'must be an ISO 8601 instant such as 2030-01-15T10:00:00Z'))
		.transform((value) => (value.includes('T') ? value : `${value}T00:00:00Z`)),
	{
		anyOf: [
			{ type: 'string', format: 'date-time' },
			{ type: 'string', format: 'date' },
		],
	},
)

export const oneOf = <Name extends string>(names: readonly Name[]) =>
	looksLike(
		list.refine((given): given is Name[] => given.every((name) => names.includes(name as Name)), `must be of ${names.join(', ')}`),
		{ type: 'array', items: { enum: [...names] } },
	)

export const priorities = looksLike(
	list.transform((texts, context) =>
		texts.map((priority) => {
			const number = priorityNumber(priority)
			if (number === undefined) context.addIssue({ code: 'custom', message: 'must be critical, high, normal, low, or 1 to 10' })
			return number
		}),
	),
	{ type: 'array', items: { enum: [...LEVELS, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] } },
)

export const uuid = looksLike(one.pipe(z.guid('must be an id')), { type: 'string', format: 'uuid' })

export const cursor = looksLike(
	one.transform((value, context) => {
		const id = idOfCursor(value)
		if (id === undefined) context.addIssue({ code: 'custom', message: 'must be the next_cursor of an earlier page' })
		return id
	}),
	{ type: 'string', description: 'The `next_cursor` of an earlier page.' },
)

/** What `takeMetadata` has made of it. */
export const metadata = looksLike(
	z.custom<Record<string, unknown>>(() => true),
	{ type: 'string', contentMediaType: 'application/json', description: 'A JSON object that the metadata contains.' },
)

/** `metadata={"customer":"x"}` and `metadata.customer=x`, together, as one object; the rest of the query as it is. */
export function takeMetadata(query: Query): Record<string, unknown> {
	const metadata: Record<string, unknown> = Object.create(null) // names are the caller's: `__proto__` is one like any other
	const rest: Record<string, unknown> = Object.create(null)
	for (const [name, value] of Object.entries(query)) {
		if (name !== 'metadata' && !name.startsWith('metadata.')) {
			rest[name] = value
			continue
		}
		if (typeof value !== 'string') throw invalid(name, `${name} must be given once`)
		if (name === 'metadata') Object.assign(metadata, parseMetadata(value))
		else metadata[name.slice('metadata.'.length)] = value
	}
	if (Object.keys(metadata).length > 0) rest.metadata = metadata
	return rest
}

function parseMetadata(text: string): object {
	let value: unknown
	try {
		value = JSON.parse(text)
	} catch {}
	if (typeof value !== 'object' || value === null || Array.isArray(value))
		throw invalid('metadata', 'metadata must be a JSON object, such as {"customer":"x"}')
	checkJson(value, 'metadata')
	return value
}

/** Checks parameters; names those that do not exist. */
export const checkQuery = <S extends z.ZodType>(schema: S, query: Record<string, unknown>): z.output<S> =>
	check(schema, query, 'this query')
