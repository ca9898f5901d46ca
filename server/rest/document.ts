/** `/openapi.json` and `/docs`: what this server answers, for programs and for people. */
import { z } from 'zod'
import { docsPage } from '../docs/page.ts'
import { sendTagged } from './etag.ts'
import { makeDocument } from './openapi.ts'
import { json, nothing, operation, type Routes } from './operation.ts'

const document = z.looseObject({ openapi: z.string() })

/** The document of these routes, with itself in it. It is made when someone first asks for it. */
export function documentRoutes(routes: Routes): Routes {
	let text: string | undefined
	const own: Routes = {
		'/openapi.json': {
			get: operation({
				summary: 'This document',
				tag: 'other doors',
				open: true,
				takes: ['If-None-Match'],
				answers: { 200: json(document, 'OpenAPI 3.1.', 'ETag'), 304: nothing('It is as it was.', 'ETag') },
				async handle({ req, res }) {
					text ??= JSON.stringify(makeDocument({ ...routes, ...own }))
					return sendTagged(req, res, text)
				},
			}),
		},
		'/docs': {
			get: operation({
				summary: 'This document as a page, which can send requests',
				tag: 'other doors',
				open: true,
				answers: { 200: { description: 'A page that needs nothing from elsewhere.', texts: ['text/html'] } },
				handle: docsPage,
			}),
		},
	}
	return own
}
