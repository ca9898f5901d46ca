/** The body of a request over HTTP: read up to a size, and one request, not a list of them. */
import express, { type Request, type RequestHandler } from 'express'
import { doorKinds } from '../errors.ts'
import { invalid, Problem, problemOf } from '../problem.ts'
import { readUnchecked } from '../rest/json.ts'
import { extensionsOf } from './errors.ts'

/** A payload may have 1 MiB, and be written as a text within a text. */
export const MAX_REQUEST_BYTES = 2 * 2 ** 20

const readBytes = express.raw({ type: () => true, limit: MAX_REQUEST_BYTES })

function readBody(req: Request): unknown {
	if (/^application\/graphql\s*(;|$)/i.test(req.get('content-type') ?? '')) return { query: String(req.body) }
	const body = readUnchecked(req)
	if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body
	throw invalid(
		'body',
		'body must be one request: {"query", "variables", "operationName"}',
		undefined,
		'Send several requests, or several fields in one.',
	)
}

/** What express says of a body that it could not read. */
function unreadable(error: { status?: number; message: string }): Problem {
	if (error.status === 413) {
		const hint = `Send at most ${MAX_REQUEST_BYTES} bytes; keep large data elsewhere and submit where it is.`
		return new Problem(doorKinds.payload_too_large, 'The request is too large.', { hint })
	}
	return new Problem(doorKinds.malformed_request, error.message)
}

/** Reads what is posted; answers what cannot be read as GraphQL answers its errors. */
export const readPosted: RequestHandler = (req, res, next) => {
	if (req.method !== 'POST') return next()
	readBytes(req, res, (error?: unknown) => {
		try {
			if (error) throw unreadable(error as Error)
			req.body = readBody(req)
		} catch (thrown) {
			const problem = problemOf(thrown)
			if (error) res.set('Connection', 'close') // the rest of the body is not waited for
			res.status(problem.kind.http).json({ errors: [{ message: problem.message, extensions: extensionsOf(problem) }] })
			return
		}
		next()
	})
}
