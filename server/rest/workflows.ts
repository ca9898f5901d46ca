/** `/workflows`: graphs of jobs that were submitted under a name. */

import { z } from 'zod'
import { call, callOne } from '../../db/calls.ts'
import type { Queryable } from '../../db/pool.ts'
import { toCursor } from '../cursors.ts'
import { linkNext } from './headers.ts'
import { type Handler, json, operation, type Routes } from './operation.ts'
import { idOf } from './params.ts'
import { cursor, oneOf, text, whole } from './query.ts'
import { cancelRequest } from './requests.ts'
import { count, id, nextCursor } from './shapes.ts'
import { shapeWorkflow, shownWorkflow, WORKFLOW_STATUSES, type WorkflowRow } from './workflow.ts'

const listQuery = z.strictObject({
	status: oneOf(WORKFLOW_STATUSES).optional(),
	name: text.optional(),
	limit: whole(1, 200).default(50),
	cursor: cursor.optional(),
})
const workflowList = z.strictObject({ workflows: z.array(shownWorkflow), next_cursor: nextCursor })
const cancelled = z.strictObject({
	id,
	status: z.enum(WORKFLOW_STATUSES),
	cancel_requested: z.boolean().describe('Jobs of it are running, and were asked to stop.'),
})

const list: Handler<z.output<typeof listQuery>> = async ({ req, res, db, query: { status, name, limit, cursor } }) => {
	const rows = await call<WorkflowRow>(db, 'listWorkflows', [status ?? null, name ?? null, cursor ?? null, limit + 1])
	const page = rows.slice(0, limit)
	return {
		workflows: page.map(shapeWorkflow),
		next_cursor: linkNext({ req, res }, 'cursor', rows.length > page.length ? toCursor(page.at(-1)!.workflow_id) : null),
	}
}

/** One call of the database runs at most a thousand jobs again. */
const MAX_RETRIED = 1000

async function retryAll(db: Queryable, id: string): Promise<number> {
	let retried = 0
	for (let last = MAX_RETRIED; last === MAX_RETRIED; retried += last) {
		const answer = await callOne<{ retried: number }>(db, 'retryWorkflow', [id]).catch((error) => {
			if (retried === 0) throw error
			return { retried: 0 } // there were a thousand, and no more
		})
		last = answer.retried
	}
	return retried
}

export const workflowRoutes: Routes = {
	'/workflows': {
		get: operation({
			summary: 'List workflows, newest first',
			tag: 'workflows',
			query: listQuery,
			answers: { 200: json(workflowList, 'A page of workflows.', 'Link') },
			handle: list,
		}),
	},
	'/workflows/:id': {
		get: operation({
			summary: 'Look at a workflow',
			tag: 'workflows',
			params: { id: idOf('workflow') },
			answers: { 200: json(shownWorkflow, 'The workflow.') },
			handle: async ({ db, params }) => shapeWorkflow(await callOne<WorkflowRow>(db, 'getWorkflow', [params.id])),
		}),
	},
	'/workflows/:id/cancel': {
		patch: operation({
			summary: 'Cancel what has not ended of a workflow',
			tag: 'workflows',
			params: { id: idOf('workflow') },
			body: { whole: 'a cancel request', schema: cancelRequest, optional: true, examples: { reason: { reason: 'no longer needed' } } },
			answers: { 200: json(cancelled, 'It is cancelled, or what runs of it has been asked to stop.') },
			errors: ['invalid_state'],
			async handle({ db, params: { id }, body: { reason } }) {
				const { status } = await callOne<{ status: string }>(db, 'cancelWorkflow', [id, reason ?? null])
				return { id, status, cancel_requested: status === 'running' }
			},
		}),
	},
	'/workflows/:id/retries': {
		post: operation({
			summary: 'Run what failed or was cancelled of a workflow again',
			tag: 'workflows',
			params: { id: idOf('workflow') },
			body: { whole: 'a request to retry a workflow', schema: z.strictObject({}), optional: true, examples: { all: {} } },
			answers: { 201: json(z.strictObject({ id, retried: count }), 'So many jobs are to run again.', 'Location') },
			errors: ['invalid_state'],
			async handle({ res, db, params: { id } }) {
				const retried = await retryAll(db, id!)
				res.location(`/workflows/${id}`)
				return { id, retried }
			},
		}),
	},
}
