/** Bodies, from bytes to a value that the database can hold. */
import type { Request } from 'express'
import { doorKinds } from '../errors.ts'
import { invalid, Problem } from '../problem.ts'

/** A payload may be nested 64 levels deep; it is one level down in its request. */
export const MAX_DEPTH = 65

interface Place {
	value: unknown
	/** The name that leads here from the place above. */
	name: string
	above: Place | undefined
	depth: number
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** The body of a request as JSON; undefined where there is none. Throws a Problem for what cannot be read or stored. */
export function readJson(req: Request): unknown {
	const bytes: unknown = req.body
	if (!Buffer.isBuffer(bytes) || bytes.length === 0) return undefined
	checkContentType(req.get('content-type'))
	const value = parse(bytes)
	checkJson(value)
	return value
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
	const places: Place[] = [{ value, name, above: undefined, depth: 1 }]
	for (let place = places.pop(); place; place = places.pop()) {
		const { value, depth } = place
		if (typeof value === 'string') checkText(value, place)
		else if (typeof value === 'number') checkNumber(value, place)
		else if (typeof value === 'object' && value !== null) {
			if (depth > maxDepth) throw refuse(place, 'is nested more than 64 levels deep', 1, doorKinds.payload_too_large)
			for (const [name, inner] of Object.entries(value)) {
				const below = { value: inner, name, above: place, depth: depth + 1 }
				if (!Array.isArray(value)) checkText(name, below)
				places.push(below)
			}
		}
	}
}

/** Refuses text that PostgreSQL cannot hold. */
export function checkText(text: string, place: Place): void {
	if (text.includes('\0')) throw refuse(place, 'must not contain the character \\u0000')
	if (!text.isWellFormed()) throw refuse(place, 'must not contain half of a surrogate pair')
}

function checkNumber(value: number, place: Place): void {
	if (!Number.isFinite(value)) throw refuse(place, 'is a number that is too large')
}

function refuse(place: Place, what: string, parts = 20, kind = doorKinds.invalid_request): Problem {
	const field = fieldOf(place, parts)
	return invalid(field, `${field} ${what}`, kind)
}

/** The path that leads to a place, with what cannot be shown made visible. */
function fieldOf(place: Place, parts: number): string {
	const names: string[] = []
	for (let at: Place | undefined = place; at; at = at.above) if (at.name) names.unshift(at.name)
	const field = names.slice(0, parts).join('.').slice(0, 200).toWellFormed()
	return field.replaceAll('\0', '\\u0000') || 'body'
}
