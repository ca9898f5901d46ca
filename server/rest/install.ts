import type { Application } from 'express'
import { batchRoutes } from './batch.ts'
import { concurrencyKeyRoutes } from './concurrency-keys.ts'
import { deadLetterRoutes } from './dead-letters.ts'
import { dependencyRoutes } from './dependencies.ts'
import { documentRoutes } from './document.ts'
import { graphRoutes } from './graphs.ts'
import { type Checks, healthRoutes } from './health.ts'
import { jobActionRoutes } from './job-actions.ts'
import { jobHistoryRoutes } from './job-history.ts'
import { jobRoutes } from './jobs.ts'
import { limitRoutes } from './limits.ts'
import type { Routes } from './operation.ts'
import { otherDoors } from './other-doors.ts'
import { poolRoutes } from './pools.ts'
import { queueRoutes } from './queues.ts'
import { installRoutes, type Services } from './routes.ts'
import { scheduleRunRoutes } from './schedule-runs.ts'
import { scheduleRoutes } from './schedules.ts'
import { simulationRoutes } from './simulations.ts'
import { ticketRoutes } from './tickets.ts'
import { workerRoutes } from './workers.ts'
import { workflowRoutes } from './workflows.ts'

export interface RestOptions extends Services {
	/** What `/health` shows beside the database. */
	checks: Checks
}

/** Every route, in the order in which paths are matched and told. */
export const routesOf = (options: RestOptions): Routes => ({
	...batchRoutes,
	...jobRoutes(options),
	...jobHistoryRoutes,
	...jobActionRoutes,
	...dependencyRoutes,
	...graphRoutes,
	...workflowRoutes,
	...deadLetterRoutes,
	...queueRoutes,
	...limitRoutes,
	...workerRoutes,
	...simulationRoutes,
	...poolRoutes,
	...concurrencyKeyRoutes,
	...scheduleRoutes,
	...scheduleRunRoutes,
	...ticketRoutes(options),
	...otherDoors,
	...healthRoutes(options),
})

/** Installs every REST route, and the document of them all. */
export function installRest(app: Application, options: RestOptions): void {
	const routes = routesOf(options)
	installRoutes(app, options, { ...routes, ...documentRoutes(routes) })
}
