/** `/docs`: Swagger UI over /openapi.json. Everything on the page comes from this server. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { Application } from 'express'
import type { Handler } from '../rest/operation.ts'

const html = readFileSync(new URL('page.html', import.meta.url), 'utf8')
const dist = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const files = { 'initializer.js': import.meta.dirname, 'swagger-ui.css': dist, 'swagger-ui-bundle.js': dist, 'favicon-32x32.png': dist }

/** No inline script, no inline style, nothing from elsewhere; the pictures of its style sheet are in it. */
const CSP = [
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'",
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
].join('; ')

/** Answers the page itself. */
export const docsPage: Handler = async ({ res }) => {
	res.set({ 'Content-Security-Policy': CSP, 'Cache-Control': 'no-cache' }).type('html')
	return html
}

/** What the page loads. The files change with the version of the server, so browsers ask again after an hour. */
export function installDocs(app: Application): void {
	for (const [file, root] of Object.entries(files))
		app.get(`/docs/${file}`, (_req, res) => {
			res.set('Cache-Control', 'public, max-age=3600').sendFile(file, { root })
		})
}
