/** The body of `POST /jobs`. */
import type { Request } from 'express'
import { z } from 'zod'
import type { Caller } from '../database.ts'
import { invalid, type Problem } from '../problem.ts'
import { resolveJobAliases } from './aliases.ts'
import { check } from './check.ts'
import { withKey } from './idempotency.ts'
import { readJson } from './json.ts'
import { jobRequest } from './requests.ts'

const aliases = {
	job_type: z.string().nullish().describe('Another name of `type`.'),
	max_retries: z.int().min(0).max(999).nullish().describe('One less than `retry_config.max_attempts`; give one of them.'),
}
/** What may be sent. The aliases are resolved before it is checked. */
export const jobBody = jobRequest.extend({ ...aliases, type: jobRequest.shape.type.optional() }).meta({
	id: 'JobRequest',
	description: 'A job as it is submitted. `type` (or `job_type`) is required, and whatever else its type asks of `payload`.',
})

export const jobExamples = {
	'as little as there can be': { type: 'echo' },
	'with its needs': {
		type: 'data_export',
		priority: 'high',
		payload: { user_id: 123, format: 'csv' },
		resource_requirements: { cpu_units: 2, memory_mb: 512 },
		retry_config: { max_attempts: 3, backoff_multiplier: 2 },
	},
	'later, once, and easy to find': {
		type: 'sleep',
		payload: { duration: 2 },
		run_at: '2090-01-15T10:00:00Z',
		idempotency_key: 'order-1007',
		metadata: { customer: 'acme' },
	},
}

/** Reads and checks it, with the key of the header. */
export function readJobRequest(req: Request, caller: Caller): Record<string, unknown> {
	const body = readJson(req)
	const isObject = typeof body === 'object' && body !== null && !Array.isArray(body)
	return checkJobRequest(isObject ? withKey(req, body) : body, caller)
}

/** One job as it was asked for, its aliases resolved. Throws a Problem that names every wrong field. */
export function checkJobRequest(value: unknown, { name }: Caller): Record<string, unknown> {
	const request = resolveJobAliases(value)
	check(jobRequest, request, 'a job')
	const fields = request as Record<string, unknown>
	if (name !== null && fields.created_by != null) throw refuseCreator('created_by')
	return fields
}

/** Whoever has a name is who created their jobs; `field` says where they gave another one. */
const refuseCreator = (field: string): Problem => invalid(field, `${field} is the name of your API key and cannot be given`)
