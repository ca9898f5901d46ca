/** Headers that answers carry, each with what it means. */
import type { Request, Response } from 'express'

const text = { type: 'string' }

export const headers = {
	Location: { description: 'Where what was made, or is to be looked at, can be found.', schema: text },
	ETag: { description: 'What this answer is, for If-None-Match of the next request.', required: true, schema: text },
	Link: { description: 'The next page, as `<…>; rel="next"`. Absent on the last one.', schema: text },
	Vary: { description: 'What of the request decides the form of the answer.', required: true, schema: text },
	Upgrade: { description: 'What to speak instead.', required: true, schema: text },
	'Retry-After': { description: 'Seconds after which to try again.', required: true, schema: { type: 'integer' } },
	'WWW-Authenticate': { description: 'How to say who is calling.', required: true, schema: text },
} as const
export type HeaderName = keyof typeof headers

/** Headers that requests may have, each with what it means. */
export const requestHeaders = {
	'Idempotency-Key': {
		description:
			'The same as the field `idempotency_key` of the body (of a batch: of its workflow): one key, one job. The first request is answered 201, the same again 200 with the first job, another request under the key 409. Bare or in quotes.',
		schema: { type: 'string', minLength: 1, maxLength: 255 },
	},
	'If-None-Match': { description: 'An ETag of before: answers 304 where nothing has changed.', schema: text },
} as const
export type RequestHeaderName = keyof typeof requestHeaders

/** Says where the next page is: this request with another cursor. Answers the cursor, for the body. */
export function linkNext<Cursor extends string | number>(
	{ req, res }: { req: Request; res: Response },
	name: string,
	cursor: Cursor | null,
): Cursor | null {
	if (cursor === null) return null
	const url = new URL(req.originalUrl.replace(/^\/+/, '/'), 'http://localhost') // escapes what would end the <…>
	url.searchParams.set(name, String(cursor))
	res.append('Link', `<${url.pathname}${url.search}>; rel="next"`)
	return cursor
}
