/** `/jobs/:id/…`: what can be done with a job. */
import { z } from 'zod'
import { callOne } from '../../db/calls.ts'
import { json, operation, type Routes } from './operation.ts'
import { idOf } from './params.ts'
import { cancelRequest, retryRequest } from './requests.ts'
import { id, jobStatus } from './shapes.ts'

type Status = { status: string }

const cancelled = z.strictObject({ id, status: jobStatus, cancel_requested: z.boolean().describe('It is running, and was asked to stop.') })
export const retried = z.strictObject({ id, status: jobStatus })

export const jobActionRoutes: Routes = {
	'/jobs/:id/cancel': {
		patch: operation({
			summary: 'Cancel a job',
			description: 'A job that waits is cancelled at once; one that runs is asked to stop.',
			tag: 'jobs',
			params: { id: idOf('job') },
			body: { whole: 'a cancel request', schema: cancelRequest, optional: true, examples: { reason: { reason: 'no longer needed' } } },
			answers: { 200: json(cancelled, 'It is cancelled, or has been asked to stop.') },
			errors: ['invalid_state'],
			async handle({ db, params, body: { reason } }) {
				const { status } = await callOne<Status>(db, 'cancelJob', [params.id, reason ?? null])
				return { id: params.id, status, cancel_requested: status === 'running' }
			},
		}),
	},
	'/jobs/:id/retries': {
		post: operation({
			summary: 'Run a failed or cancelled job again',
			tag: 'jobs',
			params: { id: idOf('job') },
			body: { whole: 'a request to retry a job', schema: retryRequest, optional: true, examples: { all: { with_dependents: true } } },
			answers: { 201: json(retried, 'It is to run again.', 'Location') },
			errors: ['invalid_state'],
			async handle({ res, db, params, body: { with_dependents } }) {
				const { status } = await callOne<Status>(db, 'retryJob', [params.id, with_dependents ?? false])
				res.location(`/jobs/${params.id}`)
				return { id: params.id, status }
			},
		}),
	},
}
