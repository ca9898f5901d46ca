/** What is sent to each operation, and what it is answered: a success first, then its own errors. */
import type { Json } from '../support.ts'
import type { Request } from './contract.ts'
import type { Stage } from './stage.ts'

export type Scenario = Omit<Request, 'method'> & { expect: string }
export const UNKNOWN = '0190a0a0-0000-7000-8000-000000000000'

const CURSOR = 'AZ8aHAAAcACAAAAAAAAAAQ'

const ofJobs = (stage: Stage): Record<string, Scenario[]> => ({
	'GET /jobs': [
		{ path: '/jobs', expect: '200' },
		{ path: `/jobs?status=ready,running&type=echo&priority=high,5&limit=1&total=true&cursor=${CURSOR}`, expect: '200' },
		{ path: '/jobs?created_from=2020-01-01&run_at_to=2090-01-01T00:00:00Z&metadata={"a":1}&metadata.b=c', expect: '200' },
	],
	'POST /jobs': [
		{ path: '/jobs', body: { type: 'echo', idempotency_key: 'first', depends_on: [stage.ready] }, expect: '201' },
		{ path: '/jobs', body: { type: 'echo', depends_on: [stage.ready] }, headers: { 'Idempotency-Key': '"first"' }, expect: '200' },
		{
			path: '/jobs',
			body: { type: 'echo', payload: { n: 1 } },
			headers: { 'Idempotency-Key': 'first' },
			expect: '409 idempotency_conflict',
		},
		{ path: '/jobs', body: { type: 'none' }, expect: '422 unknown_job_type' },
		{ path: '/jobs', body: { type: 'echo', depends_on: [UNKNOWN] }, expect: '422 unknown_dependency' },
		{ path: '/jobs', body: { type: 'sleep', payload: { duration: 'long' } }, expect: '422 invalid_payload' },
	],
	'POST /jobs/batch': [
		{ path: '/jobs/batch', body: { workflow: { name: 'w', idempotency_key: 'w' }, jobs: [{ type: 'echo' }] }, expect: '201' },
		{
			path: '/jobs/batch',
			body: { workflow: { name: 'w' }, jobs: [{ type: 'echo' }] },
			headers: { 'Idempotency-Key': 'w' },
			expect: '200',
		},
		{
			path: '/jobs/batch',
			body: { workflow: { name: 'w', idempotency_key: 'w' }, jobs: [{ type: 'echo', payload: { n: 1 } }] },
			expect: '409 idempotency_conflict',
		},
		{ path: '/jobs/batch', body: { jobs: [{ type: 'none' }] }, expect: '422 unknown_job_type' },
		{ path: '/jobs/batch', body: { jobs: [{ type: 'echo', depends_on: ['x'] }] }, expect: '422 unknown_dependency' },
		{ path: '/jobs/batch', body: { jobs: [{ type: 'sleep', payload: { duration: [] } }] }, expect: '422 invalid_payload' },
		{
			path: '/jobs/batch',
			body: { jobs: ['ab', 'ba'].map(([name, other]) => ({ type: 'echo', name, depends_on: [other] })) },
			expect: '422 dependency_cycle',
		},
	],
	'GET /jobs/stream': [{ path: '/jobs/stream', expect: '426 upgrade_required' }],
	'GET /jobs/{id}': [stage.running, stage.ready, stage.completed, stage.failed, stage.blocked].flatMap((id) => [
		{ path: `/jobs/${id}`, expect: '200' },
		{ path: `/jobs/${id}`, headers: { 'If-None-Match': '*' }, expect: '304' },
	]),
	'PATCH /jobs/{id}/cancel': [
		{ path: `/jobs/${stage.running}/cancel`, body: { reason: 'enough' }, expect: '200' },
		{ path: `/jobs/${stage.completed}/cancel`, expect: '409 invalid_state' },
	],
	'POST /jobs/{id}/retries': [
		{ path: `/jobs/${stage.failed}/retries`, expect: '201' },
		{ path: `/jobs/${stage.completed}/retries`, expect: '409 invalid_state' },
	],
	'GET /jobs/{id}/logs': [{ path: `/jobs/${stage.completed}/logs?limit=2`, expect: '200' }],
	'GET /jobs/{id}/executions': [stage.completed, stage.running].map((id) => ({ path: `/jobs/${id}/executions`, expect: '200' })),
	'GET /jobs/{id}/why': [stage.ready, stage.blocked, stage.completed].map((id) => ({ path: `/jobs/${id}/why`, expect: '200' })),
	'GET /jobs/{id}/graph': [
		{ path: `/jobs/${stage.blocked}/graph`, expect: '200' },
		{ path: `/jobs/${stage.blocked}/graph?format=mermaid`, expect: '200' },
		{ path: `/jobs/${stage.blocked}/graph`, headers: { Accept: 'text/plain' }, expect: '200' },
	],
	'GET /jobs/{id}/dependencies': [{ path: `/jobs/${stage.blocked}/dependencies`, expect: '200' }],
	'POST /jobs/{id}/dependencies': [
		{ path: `/jobs/${stage.blocked}/dependencies`, body: { depends_on: stage.ready }, expect: '201' },
		{ path: `/jobs/${stage.blocked}/dependencies`, body: { depends_on: UNKNOWN }, expect: '422 unknown_dependency' },
		{ path: `/jobs/${stage.ready}/dependencies`, body: { depends_on: stage.blocked }, expect: '422 dependency_cycle' },
		{ path: `/jobs/${stage.completed}/dependencies`, body: { depends_on: stage.ready }, expect: '409 invalid_state' },
	],
})

const ofWorkflows = ({ workflow, endedWorkflow, failedWorkflow }: Stage): Record<string, Scenario[]> => ({
	'GET /workflows': [
		{ path: '/workflows?limit=1', expect: '200' },
		{ path: `/workflows?status=running,failed&name=open&cursor=${CURSOR}`, expect: '200' },
	],
	'GET /workflows/{id}': [workflow, endedWorkflow].map((id) => ({ path: `/workflows/${id}`, expect: '200' })),
	'GET /workflows/{id}/graph': [
		{ path: `/workflows/${workflow}/graph`, expect: '200' },
		{ path: `/workflows/${endedWorkflow}/graph?format=json`, expect: '200' },
		{ path: `/workflows/${workflow}/graph`, headers: { Accept: 'text/vnd.mermaid' }, expect: '200' },
	],
	'PATCH /workflows/{id}/cancel': [
		{ path: `/workflows/${workflow}/cancel`, body: { reason: 'enough' }, expect: '200' },
		{ path: `/workflows/${endedWorkflow}/cancel`, expect: '409 invalid_state' },
	],
	'POST /workflows/{id}/retries': [
		{ path: `/workflows/${failedWorkflow}/retries`, expect: '201' },
		{ path: `/workflows/${endedWorkflow}/retries`, body: {}, expect: '409 invalid_state' },
	],
})

const ofDeadLetters = (letters: string[], completed: string): Record<string, Scenario[]> => ({
	'GET /dead-letters': [
		{ path: '/dead-letters?limit=1', expect: '200' },
		{ path: `/dead-letters?type=echo&queue=run&cursor=${CURSOR}`, expect: '200' },
	],
	'POST /dead-letters/{id}/retries': [
		{ path: `/dead-letters/${letters[0]}/retries`, body: { with_dependents: true }, expect: '201' },
		{ path: `/dead-letters/${completed}/retries`, expect: '409 invalid_state' },
	],
	'DELETE /dead-letters/{id}': [
		{ path: `/dead-letters/${letters[1]}`, expect: '204' },
		{ path: `/dead-letters/${completed}`, expect: '409 invalid_state' },
	],
	'POST /dead-letters/retries': [{ path: '/dead-letters/retries', body: { type: 'echo', max_jobs: 1 }, expect: '200' }],
	'DELETE /dead-letters': [{ path: '/dead-letters?type=echo&max_jobs=10', expect: '200' }],
})

const limits = (path: string, template: string): Record<string, Scenario[]> => ({
	[`PUT ${template}`]: [
		{ path, body: { max_running: 3 }, expect: '200' },
		{ path, body: { jobs: 100, per_seconds: 60, burst: 10 }, expect: '200' },
	],
	[`GET ${template}`]: [{ path, expect: '200' }],
	[`DELETE ${template}`]: [
		{ path, expect: '204' },
		{ path, expect: '404 not_found' },
	],
})

const ofSchedules: Record<string, Scenario[]> = {
	'PUT /schedules/{name}': [
		{ path: '/schedules/nightly', body: { job: { type: 'echo' }, cron: '30 2 * * *', time_zone: 'Europe/Berlin' }, expect: '200' },
		{ path: '/schedules/often', body: { job: { type: 'echo' }, every: 300, starts_at: '2090-01-01T00:00:00Z' }, expect: '200' },
		{ path: '/schedules/x', body: { job: { type: 'none' }, every: 'PT5M' }, expect: '422 unknown_job_type' },
		{ path: '/schedules/x', body: { job: { type: 'sleep', payload: { duration: [] } }, every: 'PT5M' }, expect: '422 invalid_payload' },
		{ path: '/schedules/x', body: { job: { type: 'echo' }, cron: '0 0 30 2 *' }, expect: '422 invalid_request' },
	],
	'GET /schedules': [
		{ path: '/schedules', expect: '200' },
		{ path: '/schedules?limit=1', expect: '200' },
		{ path: '/schedules?after=nightly&limit=5', expect: '200' },
	],
	'GET /schedules/{name}': [
		{ path: '/schedules/nightly', expect: '200' },
		{ path: '/schedules/none', expect: '404 not_found' },
	],
	'GET /schedules/{name}/runs': [
		{ path: '/schedules/nightly/runs?count=2', expect: '200' },
		{ path: '/schedules/none/runs', expect: '404 not_found' },
	],
	'POST /schedules/{name}/runs': [
		{ path: '/schedules/nightly/runs', expect: '201' },
		{ path: '/schedules/none/runs', expect: '404 not_found' },
	],
	'PUT /schedules/{name}/pause': [
		{ path: '/schedules/nightly/pause', expect: '200' },
		{ path: '/schedules/none/pause', expect: '404 not_found' },
	],
	'DELETE /schedules/{name}/pause': [
		{ path: '/schedules/nightly/pause', expect: '200' },
		{ path: '/schedules/none/pause', expect: '404 not_found' },
	],
	'POST /schedule-previews': [
		{ path: '/schedule-previews', body: { cron: '0 6 * * MON', count: 3 }, expect: '200' },
		{ path: '/schedule-previews', body: { cron: '61 * * * *' }, expect: '422 invalid_request' },
	],
	'DELETE /schedules/{name}': [
		{ path: '/schedules/often', expect: '204' },
		{ path: '/schedules/none', expect: '404 not_found' },
	],
}

const ofTheRest = ({ worker, endedWorker }: Stage): Record<string, Scenario[]> => ({
	'PUT /queues/{name}/pause': [{ path: '/queues/halted/pause', expect: '200' }],
	'GET /queues': [{ path: '/queues', expect: '200' }],
	'DELETE /queues/{name}/pause': [{ path: '/queues/halted/pause', expect: '200' }],
	'GET /task-types': [{ path: '/task-types', expect: '200' }],
	...limits('/queues/run/limit', '/queues/{name}/limit'),
	...limits('/task-types/math/limit', '/task-types/{type}/limit'),
	'PATCH /workers/{id}/capacity': [
		{ path: `/workers/${worker}/capacity`, body: { cpu_units: 8, resources: { gpu: 2 } }, expect: '200' },
		{ path: `/workers/${endedWorker}/capacity`, body: { cpu_units: 8 }, expect: '409 worker_ended' },
	],
	'GET /workers/{id}/preview': [{ path: `/workers/${worker}/preview?max_jobs=5`, expect: '200' }],
	'GET /workers': [{ path: '/workers', expect: '200' }],
	'POST /simulations': [
		{ path: '/simulations', expect: '200' },
		{ path: '/simulations', body: { worker_id: worker, cpu_units: 2, memory_mb: 1000, extra_workers: 2 }, expect: '200' },
		{ path: '/simulations', body: { worker_id: UNKNOWN }, expect: '404 not_found' },
	],
	...Object.fromEntries(
		['POST', 'DELETE'].map((method) => [
			`${method} /workers/{id}/drain`,
			[
				{ path: `/workers/${worker}/drain`, expect: '200' },
				{ path: `/workers/${endedWorker}/drain`, expect: '409 worker_ended' },
			],
		]),
	),
	'POST /tickets': [{ path: '/tickets', expect: '201' }],
	'PUT /pools/{name}': [
		{ path: '/pools/api', body: { capacity: 2 }, expect: '200' },
		{ path: '/pools/mail', body: { amount: 100, per_seconds: 60, burst: 10 }, expect: '200' },
		{ path: '/pools/gpu', body: { capacity: 1 }, expect: '409 invalid_state' },
		{ path: '/jobs', body: { type: 'echo', resource_requirements: { api: 1 } }, expect: '201' },
	],
	'GET /pools': [{ path: '/pools', expect: '200' }],
	'DELETE /pools/{name}': [
		{ path: '/pools/mail', expect: '204' },
		{ path: '/pools/mail', expect: '404 not_found' },
		{ path: '/pools/api', expect: '409 invalid_state' },
	],
	'PUT /concurrency-keys/{key}': ['a', 'b'].map((key) => ({ path: `/concurrency-keys/${key}`, body: { max_running: 1 }, expect: '200' })),
	'GET /concurrency-keys/{key}': [
		{ path: '/concurrency-keys/a', expect: '200' },
		{ path: '/concurrency-keys/none', expect: '404 not_found' },
	],
	'GET /concurrency-keys': [{ path: '/concurrency-keys?limit=1', expect: '200' }],
	'POST /graphql': [
		{ path: '/graphql', body: { query: '{ queues(first: 1) { nodes { queue } } }' }, expect: '200' },
		{ path: '/graphql', body: { query: '{ nonsense }' }, expect: '400' },
		{ path: '/graphql', body: { query: '{ __typename }' }, headers: { Accept: 'application/json' }, expect: '200' },
	],
	'GET /openapi.json': [
		{ path: '/openapi.json', expect: '200' },
		{ path: '/openapi.json', headers: { 'If-None-Match': '*' }, expect: '304' },
	],
	'GET /docs': [{ path: '/docs', expect: '200' }],
	'GET /livez': [{ path: '/livez', expect: '200' }],
	'GET /readyz': [{ path: '/readyz', expect: '200' }],
	'GET /health': [{ path: '/health', expect: '200' }],
})

/** By operation, in an order in which each finds what it needs. */
export const scenariosOf = (stage: Stage, letters: string[]): Record<string, Scenario[]> => ({
	...ofJobs(stage),
	...ofWorkflows(stage),
	...ofDeadLetters(letters, stage.completed),
	...ofTheRest(stage),
	...ofSchedules,
})

/** Bodies that are wrong in a way that every operation with one answers alike. */
export const brokenBodies = (limit: number): [expect: string, body: Json, headers?: Record<string, string>][] => [
	['400 malformed_json', '{'],
	['400 malformed_request', 'not gzip', { 'Content-Encoding': 'gzip' }],
	['415 unsupported_media_type', '{}', { 'Content-Type': 'text/plain' }],
	['413 payload_too_large', new Uint8Array(limit + 1)],
	['422 invalid_request', '{"nonsense":1}'],
]
