/** Bodies, from bytes to a value that the database can hold. */
import type { Request } from 'express'
import { doorKinds } from '../errors.ts'
import { invalid, Problem } from '../problem.ts'

/** A payload may be nested 64 levels deep; it is one level down in its request. */
export const MAX_DEPTH = 65

/** Where a value stands: the name that leads to it from the place above. */
interface Place {
	name: string | number
	above?: Place | undefined
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** The body of a request as JSON; undefined where there is none. Throws a Problem for what cannot be read or stored. */
export function readJson(req: Request): unknown {
	const value = readUnchecked(req)
	checkJson(value)
	return value
}

/** The same, but what cannot be stored is left to whoever calls `checkJson` on the parts. */
export function readUnchecked(req: Request): unknown {
	const bytes: unknown = req.body
	if (!Buffer.isBuffer(bytes) || bytes.length === 0) return undefined
	checkContentType(req.get('content-type'))
	return parse(bytes)
}

function checkContentType(contentType: string | undefined): void {
	const [, charset] = /^application\/(?:json|[\w.-]+\+json)\s*(?:;\s*charset="?([\w-]+)"?\s*)?$/i.exec(contentType ?? '') ?? [null, null]
	if (charset === null || !/^utf-?8$/i.test(charset ?? 'utf-8'))
		throw new Problem(doorKinds.unsupported_media_type, `Content-Type is ${JSON.stringify(contentType ?? '')}.`, {
			hint: 'Send Content-Type: application/json.',
		})
}

function parse(bytes: Buffer): unknown {
	try {
		return JSON.parse(decoder.decode(bytes))
	} catch (error) {
		throw new Problem(doorKinds.malformed_json, (error as Error).message, { hint: 'The body must be one JSON value in UTF-8.' })
	}
}

/** Refuses what PostgreSQL's jsonb cannot hold as it is: NUL, half characters, numbers beyond a double; and deep nesting. */
export function checkJson(value: unknown, name = '', maxDepth = MAX_DEPTH): void {
	checkValue(value, name, undefined, maxDepth)
}

/** A body can hold millions of values, so nothing is made for one that is good. Recursion ends after so many levels. */
function checkValue(value: unknown, name: string | number, above: Place | undefined, levels: number): void {
	if (typeof value === 'string') checkText(value, name, above)
	else if (typeof value === 'number') checkNumber(value, name, above)
	else if (typeof value === 'object' && value !== null) checkParts(value, { name, above }, levels)
}

function checkParts(value: object, place: Place, levels: number): void {
	if (levels === 0) throw refuse(place, 'is nested more than 64 levels deep', 1, doorKinds.payload_too_large)
	if (Array.isArray(value)) {
		for (let i = 0; i < value.length; i++) checkValue(value[i], i, place, levels - 1)
		return
	}
	for (const name of Object.keys(value)) {
		checkText(name, name, place)
		checkValue(value[name as keyof typeof value], name, place, levels - 1)
	}
}

/** Refuses text that PostgreSQL cannot hold. */
export function checkText(text: string, name: string | number, above?: Place): void {
	if (text.includes('\0')) throw refuse({ name, above }, 'must not contain the character \\u0000')
	if (!text.isWellFormed()) throw refuse({ name, above }, 'must not contain half of a surrogate pair')
}

function checkNumber(value: number, name: string | number, above: Place | undefined): void {
	if (!Number.isFinite(value)) throw refuse({ name, above }, 'is a number that is too large')
}

function refuse(place: Place, what: string, parts = 20, kind = doorKinds.invalid_request): Problem {
	const field = fieldOf(place, parts)
	return invalid(field, `${field} ${what}`, kind)
}

/** The path that leads to a place, with what cannot be shown made visible. */
function fieldOf(place: Place, parts: number): string {
	const names: string[] = []
	for (let at: Place | undefined = place; at; at = at.above) if (at.name !== '') names.unshift(String(at.name))
	const field = names.slice(0, parts).join('.').slice(0, 200).toWellFormed()
	return field.replaceAll('\0', '\\u0000') || 'body'
}
