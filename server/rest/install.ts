import express, { type Application } from 'express'
import { deadLetterRoutes } from './dead-letters.ts'
import { jobActionRoutes } from './job-actions.ts'
import { jobHistoryRoutes } from './job-history.ts'
import { jobRoutes } from './jobs.ts'
import { queueRoutes } from './queues.ts'
import { installRoutes, type Services } from './routes.ts'

/** A payload of 1 MiB with 10,000 dependencies and the rest of a request fits; the database judges the payload itself. */
const MAX_BODY_BYTES = 2 * 2 ** 20

/** Installs every REST route. Bodies are read as bytes: rest/json.ts makes values of them. */
export function installRest(app: Application, services: Services): void {
	app.use(express.raw({ type: () => true, limit: MAX_BODY_BYTES }))
	installRoutes(app, services, {
		...jobRoutes(services.submit),
		...jobHistoryRoutes,
		...jobActionRoutes,
		...deadLetterRoutes,
		...queueRoutes,
	})
}
