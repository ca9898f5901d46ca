import express, { type Application, type RequestHandler } from 'express'
import { BATCH_PATH, batchRoutes } from './batch.ts'
import { concurrencyKeyRoutes } from './concurrency-keys.ts'
import { deadLetterRoutes } from './dead-letters.ts'
import { dependencyRoutes } from './dependencies.ts'
import { graphRoutes } from './graphs.ts'
import { jobActionRoutes } from './job-actions.ts'
import { jobHistoryRoutes } from './job-history.ts'
import { jobRoutes } from './jobs.ts'
import { limitRoutes } from './limits.ts'
import { poolRoutes } from './pools.ts'
import { queueRoutes } from './queues.ts'
import { installRoutes, type Services } from './routes.ts'
import { scheduleRoutes } from './schedules.ts'
import { simulationRoutes } from './simulations.ts'
import { workerRoutes } from './workers.ts'
import { workflowRoutes } from './workflows.ts'

/** A payload of 1 MiB with 10,000 dependencies and the rest of a request fits; the database judges the payload itself. */
const MAX_BODY_BYTES = 2 * 2 ** 20
/** A graph of 10,000 jobs with 200,000 edges by name fits. */
const MAX_BATCH_BYTES = 16 * 2 ** 20

const readBytes = (limit: number) => express.raw({ type: () => true, limit })

/** Installs every REST route. Bodies are read as bytes: rest/json.ts makes values of them. */
export function installRest(app: Application, services: Services): void {
	const knowCaller: RequestHandler = async (req, _res, next) => {
		await services.access.callerOf(req) // so large a body is only read from someone who is known
		next()
	}
	app.post(BATCH_PATH, knowCaller, readBytes(MAX_BATCH_BYTES))
	app.use(readBytes(MAX_BODY_BYTES)) // leaves what has been read as it is
	installRoutes(app, services, {
		...batchRoutes,
		...jobRoutes(services.submit),
		...jobHistoryRoutes,
		...jobActionRoutes,
		...dependencyRoutes,
		...graphRoutes,
		...workflowRoutes,
		...deadLetterRoutes,
		...queueRoutes,
		...workerRoutes,
		...poolRoutes,
		...limitRoutes,
		...concurrencyKeyRoutes,
		...scheduleRoutes,
		...simulationRoutes,
	})
}
