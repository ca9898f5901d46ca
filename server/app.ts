import express, { type Application } from 'express'
import { doorKinds } from './errors.ts'
import type { Log } from './log.ts'
import { Problem } from './problem.ts'
import { type Checks, installHealth } from './rest/health.ts'
import { installRest } from './rest/install.ts'
import { problemHandler } from './rest/problem-json.ts'
import type { Services } from './rest/routes.ts'

export interface AppOptions extends Services {
	log: Log
	/** What `/health` shows beside the database. */
	checks: Checks
	/** Further doors, before the REST routes and their reading of bodies. */
	doors: ((app: Application) => void)[]
}

/** The HTTP application, apart from listening. */
export function makeApp({ log, checks, doors, ...services }: AppOptions): Application {
	const app = express()
	app.disable('x-powered-by')
	app.disable('etag') // what is asked for changes all the time
	app.set('query parser', 'simple')
	app.use((req, res, next) => {
		const started = performance.now()
		res.set({ 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' })
		res.on('finish', () =>
			log.debug(
				{ method: req.method, url: req.originalUrl, status: res.statusCode, ms: Math.round(performance.now() - started) },
				'request',
			),
		)
		next()
	})
	installHealth(app, { database: services.database, checks })
	for (const install of doors) install(app)
	installRest(app, services)
	app.use((req) => {
		throw new Problem(doorKinds.not_found, `There is no ${req.path} here.`, {
			hint: 'POST /jobs submits a job, GET /jobs lists them; the README has the rest.',
		})
	})
	app.use(problemHandler(log))
	return app
}
