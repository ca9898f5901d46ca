/** Answers that a caller may have already. */
import { createHash } from 'node:crypto'
import type { Request, Response } from 'express'

/** What an answer is, by its bytes. */
export const etagOf = (text: string): string => `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`

/** Whether the caller has this already. Express's own look gives up at `Cache-Control: no-cache`, which fetch() adds by itself. */
export function isKnown(req: Request, etag: string): boolean {
	const known = req.get('If-None-Match')
	if (known === undefined) return false
	return known.trim() === '*' || known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}

/** Sends JSON with its ETag, or 304 to whoever has it already. `private`: it is what this caller may see. */
export function sendTagged(req: Request, res: Response, text: string): string | undefined {
	const etag = etagOf(text)
	res.set({ ETag: etag, 'Cache-Control': 'private, no-cache' }).vary('Authorization')
	if (isKnown(req, etag)) {
		res.status(304)
		return undefined
	}
	res.type('json')
	return text
}
