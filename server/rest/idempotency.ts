/** The header `Idempotency-Key` (IETF draft-ietf-httpapi-idempotency-key-header): the field `idempotency_key` by another way. */
import type { Request } from 'express'
import { invalid } from '../problem.ts'

const HEADER = 'Idempotency-Key'

/** A structured text, as the draft has it (`"a"`), or as it stands, as most clients send it. */
function readKey(req: Request): string | undefined {
	const values = req.headersDistinct['idempotency-key']
	if (!values) return undefined
	const [value = ''] = values
	if (values.length > 1) throw invalid(HEADER, `${HEADER} must be given once`)
	const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(value)?.[1]
	const key = quoted === undefined ? value : quoted.replace(/\\(["\\])/g, '$1')
	if (!/^[\x20-\x7e]{1,255}$/.test(key) || (quoted === undefined && key.startsWith('"')))
		throw invalid(HEADER, `${HEADER} must be a text of 1 to 255 characters of ASCII, bare or in quotes`)
	return key
}

/** The fields with the key of the header in `idempotency_key`; `whole` says whose fields they are, in errors. */
export function withKey<Fields extends object>(req: Request, fields: Fields, place = ''): Fields {
	const key = readKey(req)
	if (key === undefined) return fields
	const given = (fields as { idempotency_key?: unknown }).idempotency_key
	const field = `${place}idempotency_key`
	if (given != null && given !== key) throw invalid(field, `${field} and the header ${HEADER} differ: give one of them, or the same`)
	return { ...fields, idempotency_key: key }
}
