/** `/queues` and `/task-types`: what there is to run jobs of. */
import { z } from 'zod'
import { call } from '../../db/calls.ts'
import { json, operation, type Routes } from './operation.ts'
import { queueParam } from './params.ts'
import { count, instant, type Row, shape } from './shapes.ts'

const queue = z
	.strictObject({
		queue: z.string(),
		paused_at: instant.nullable(),
		paused_by: z.string().nullable(),
		aging_seconds: z.number().nullable().describe('How long a level of priority is worth; null where priority is strict.'),
		ready_count: count,
		waiting_count: count,
		running_count: count,
		oldest_ready_at: instant.nullable(),
	})
	.meta({ id: 'Queue' })
const taskType = z
	.strictObject({
		type: z.string(),
		description: z.string(),
		payload_schema: z.unknown().describe('The JSON Schema of its payload.'),
		cpu_units: z.number(),
		memory_mb: z.int(),
		timeout_seconds: z.int().nullable(),
		max_attempts: z.int().nullable(),
		registered_at: instant,
	})
	.meta({ id: 'TaskType' })
const paused = z.strictObject({ queue: z.string(), paused: z.boolean() })

export const queueRoutes: Routes = {
	'/queues': {
		get: operation({
			summary: 'The queues, and how many jobs wait and run in each',
			tag: 'queues',
			answers: { 200: json(z.strictObject({ queues: z.array(queue) }), 'By name.') },
			handle: async ({ db }) => ({ queues: (await call<Row>(db, 'queues')).map(shape) }),
		}),
	},
	'/queues/:name/pause': {
		put: operation({
			summary: 'Pause a queue: its jobs wait, those that run go on',
			tag: 'queues',
			params: { name: queueParam },
			answers: { 200: json(paused, 'It is paused.') },
			async handle({ db, params: { name } }) {
				await call(db, 'pauseQueue', [name])
				return { queue: name, paused: true }
			},
		}),
		delete: operation({
			summary: 'Let a paused queue go on',
			tag: 'queues',
			params: { name: queueParam },
			answers: { 200: json(paused, 'It goes on.') },
			errors: ['not_found'],
			async handle({ db, params: { name } }) {
				await call(db, 'resumeQueue', [name])
				return { queue: name, paused: false }
			},
		}),
	},
	'/task-types': {
		get: operation({
			summary: 'The job types that can be submitted',
			tag: 'queues',
			answers: { 200: json(z.strictObject({ task_types: z.array(taskType) }), 'By name.') },
			handle: async ({ db }) => ({ task_types: (await call<Row>(db, 'taskTypes')).map(shape) }),
		}),
	},
}
