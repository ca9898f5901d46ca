/** `/queues` and `/task-types`: what there is to run jobs of. */
import { call } from '../../db/calls.ts'
import { invalid } from '../problem.ts'
import { isoInstant } from './job.ts'
import type { Handler, Routes } from './routes.ts'

/** As submits name queues. */
const QUEUE = /^[A-Za-z0-9_.:-]{1,100}$/

export const queueRoutes: Routes = {
	'/queues': { get: async ({ db }) => ({ queues: (await call<Row>(db, 'queues')).map(shape) }) },
	'/queues/:name/pause': { put: (given) => pause(given), delete: (given) => resume(given) },
	'/task-types': { get: async ({ db }) => ({ task_types: (await call<Row>(db, 'taskTypes')).map(shape) }) },
}

export type Row = Record<string, unknown>

/** Its columns, instants in ISO 8601, the worker's id as `id`. */
export function shape({ worker_id, ...row }: Row): Row {
	const columns = Object.entries(row).map(([name, value]) => [name, value instanceof Date ? isoInstant(value) : value])
	return Object.fromEntries(worker_id ? [['id', worker_id], ...columns] : columns)
}

/** The queue that a path names. */
export function queueOf(params: Record<string, string>): string {
	const queue = params.name!
	if (!QUEUE.test(queue)) throw invalid('name', 'name must be a queue name of 1 to 100 of A-Z a-z 0-9 _ . : -')
	return queue
}

const pause: Handler = async ({ db, params }) => {
	const queue = queueOf(params)
	await call(db, 'pauseQueue', [queue])
	return { queue, paused: true }
}

const resume: Handler = async ({ db, params }) => {
	const queue = queueOf(params)
	await call(db, 'resumeQueue', [queue])
	return { queue, paused: false }
}
