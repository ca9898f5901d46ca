import express, { type Application } from 'express'
import helmet from 'helmet'
import type { Log } from '../db/log.ts'
import { installDocs } from './docs/page.ts'
import { doorKinds } from './errors.ts'
import { Problem } from './problem.ts'
import { installRest, type RestOptions } from './rest/install.ts'
import { problemHandler } from './rest/problem-json.ts'

export interface AppOptions extends RestOptions {
	log: Log
	/** Further doors. */
	doors: ((app: Application) => void)[]
}

/** What browsers may do with answers: nothing. Pages (/docs, /graphiql) set a policy of their own. TLS is a proxy's to add. */
const secured = helmet({
	contentSecurityPolicy: { useDefaults: false, directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] } },
	strictTransportSecurity: false,
	originAgentCluster: false,
	xDnsPrefetchControl: false,
	xDownloadOptions: false,
	xPermittedCrossDomainPolicies: false,
	xXssProtection: false,
})

/** GraphiQL writes its settings into its page, makes its style sheets as it goes, and runs its editor's workers from blobs. */
const GRAPHIQL_CSP =
	"default-src 'self'; script-src 'self' 'unsafe-inline' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self' ws: wss:; frame-ancestors 'none'"

/** The HTTP application, apart from listening. */
export function makeApp({ log, doors, ...rest }: AppOptions): Application {
	const app = express()
	app.disable('x-powered-by')
	app.disable('etag') // what is asked for changes all the time
	app.set('query parser', 'simple')
	app.use((req, res, next) => {
		const started = performance.now()
		res.set('Cache-Control', 'no-store')
		res.on('finish', () =>
			log.debug(
				{ method: req.method, url: req.originalUrl, status: res.statusCode, ms: Math.round(performance.now() - started) },
				'request',
			),
		)
		next()
	})
	app.use(secured)
	app.use('/graphiql', (_req, res, next) => {
		res.set('Content-Security-Policy', GRAPHIQL_CSP)
		next()
	})
	installDocs(app)
	installRest(app, rest)
	for (const install of doors) install(app)
	app.use((req) => {
		throw new Problem(doorKinds.not_found, `There is no ${req.path} here.`, {
			hint: 'POST /jobs submits a job, GET /jobs lists them; /docs shows all that there is.',
		})
	})
	app.use(problemHandler(log))
	return app
}
