import type { System } from './system.ts'
import { bullmq } from './systems/bullmq.ts'
import { graphile, graphileBatched } from './systems/graphile.ts'
import { minimal } from './systems/minimal.ts'
import { pgboss } from './systems/pgboss.ts'
import { taskq } from './systems/taskq.ts'

/** All systems, in the order of the tables. */
export const systems: System[] = [taskq, minimal, graphileBatched, graphile, pgboss, bullmq]

export const systemOf = (name: string): System => {
	const system = systems.find((one) => one.name === name)
	if (!system) throw new Error(`no system ${name}`)
	return system
}
