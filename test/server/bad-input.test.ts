import test from 'ava'
import { isProblem, type Json, useServer } from './support.ts'

const { db, api } = useServer(test)
const UNKNOWN = '0190a0a0-0000-7000-8000-000000000000'

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

/** What is sent to POST /jobs (objects are given type echo), and what it is answered. */
const refused: Record<string, [body: unknown, status: number, code: string, field?: string]> = {
	'malformed JSON': ['{"type": "echo"', 400, 'malformed_json'],
	'text that is not UTF-8': [Uint8Array.of(0x22, 0xff, 0x22), 400, 'malformed_json'],
	'no body at all': [undefined, 422, 'invalid_request', 'body'],
	'a list': ['[]', 422, 'invalid_request', 'body'],
	'no type': ['{}', 422, 'invalid_request', 'type'],
	'a type that is null': [{ type: null }, 422, 'invalid_request', 'type'],
	'an unknown field': [{ prioritty: 1 }, 422, 'invalid_request', 'prioritty'],
	'an unknown inner field': [{ retry_config: { attempts: 1 } }, 422, 'invalid_request', 'retry_config.attempts'],
	'a field named __proto__': ['{"type":"echo","__proto__":{"queue":"x"}}', 422, 'invalid_request', '__proto__'],
	'a field named constructor': ['{"type":"echo","constructor":1}', 422, 'invalid_request', 'constructor'],
	'a text for a number': [{ timeout_seconds: '30' }, 422, 'invalid_request', 'timeout_seconds'],
	'a number for an object': [{ resource_requirements: 1 }, 422, 'invalid_request', 'resource_requirements'],
	'a list for an object': [{ metadata: [] }, 422, 'invalid_request', 'metadata'],
	'a priority that is no level': [{ priority: 'urgent' }, 422, 'invalid_request', 'priority'],
	'a priority out of range': [{ priority: 11 }, 422, 'invalid_request', 'priority'],
	'a priority that is a fraction': [{ priority: 1.5 }, 422, 'invalid_request', 'priority'],
	'a timeout out of range': [{ timeout_seconds: 0 }, 422, 'invalid_request', 'timeout_seconds'],
	'a timeout beyond any number': ['{"type":"echo","timeout_seconds":1e400}', 422, 'invalid_request', 'timeout_seconds'],
	'attempts out of range': [{ retry_config: { max_attempts: 0 } }, 422, 'invalid_request', 'retry_config.max_attempts'],
	'cpu below zero': [{ resource_requirements: { cpu_units: -1 } }, 422, 'invalid_request', 'resource_requirements.cpu_units'],
	'a queue with a space': [{ queue: 'my queue' }, 422, 'invalid_request', 'queue'],
	'a run_at without a zone': [{ run_at: '2030-01-01T00:00:00' }, 422, 'invalid_request', 'run_at'],
	'a run_at that is no day': [{ run_at: '2030-02-30T00:00:00Z' }, 422, 'invalid_request', 'run_at'],
	'an empty idempotency key': [{ idempotency_key: '' }, 422, 'invalid_request', 'idempotency_key'],
	'metadata over 16 KiB': [{ metadata: { a: 'x'.repeat(17_000) } }, 422, 'invalid_request', 'metadata'],
	'an unknown type': [{ type: 'no_such_type' }, 422, 'unknown_job_type', 'type'],
	'a payload against its schema': [{ type: 'sleep', payload: { duration: 'long' } }, 422, 'invalid_payload', 'payload.duration'],
	'a dependency that is no id': [{ depends_on: ['x'] }, 422, 'unknown_dependency', 'depends_on'],
	'a dependency that is a number': [{ depends_on: [1] }, 422, 'invalid_request', 'depends_on'],
	'a dependency without a job': [{ depends_on: [{ condition: 'failure' }] }, 422, 'invalid_request', 'depends_on'],
	'a dependency with an unknown field': [{ depends_on: [{ job: UNKNOWN, when: 'failure' }] }, 422, 'invalid_request', 'depends_on'],
	'an unknown condition': [{ depends_on: [{ job: UNKNOWN, condition: 'maybe' }] }, 422, 'invalid_request', 'depends_on'],
	'one dependency under two conditions': [
		{ depends_on: [UNKNOWN, { job: UNKNOWN, condition: 'failure' }] },
		422,
		'invalid_request',
		'depends_on',
	],
	'a text for the list of dependencies': [{ depends_on: UNKNOWN }, 422, 'invalid_request', 'depends_on'],
	'a policy that is none': [{ on_dependency_failure: 'ignore' }, 422, 'invalid_request', 'on_dependency_failure'],
	'an unknown dependency': [{ depends_on: [UNKNOWN] }, 422, 'unknown_dependency', 'depends_on'],
	'over 10,000 dependencies': [{ depends_on: Array(10_001).fill(UNKNOWN) }, 422, 'invalid_request', 'depends_on'],
	'a payload over 1 MiB': [{ payload: { a: 'x'.repeat(2 ** 20) } }, 413, 'payload_too_large', 'payload'],
	'a body over 2 MiB': [{ payload: { a: 'x'.repeat(3 * 2 ** 20) } }, 413, 'payload_too_large'],
	'nesting over 64': [`{"type":"echo","payload":${nested(65)}}`, 413, 'payload_too_large', 'payload'],
	'nesting over 64 in a payload text': [{ payload: nested(65) }, 413, 'payload_too_large', 'payload'],
	'nesting of a million': [`{"type":"echo","payload":${nested(1_000_000)}}`, 413, 'payload_too_large', 'payload'],
	'\\u0000 in a text': [{ payload: { a: 'b\0' } }, 422, 'invalid_request', 'payload.a'],
	'\\u0000 in a name': [{ payload: { 'a\0': 1 } }, 422, 'invalid_request', 'payload.a\\u0000'],
	'\\u0000 in the type': [{ type: 'e\0' }, 422, 'invalid_request', 'type'],
	'half a surrogate pair': ['{"type":"echo","payload":{"a":"\\ud800"}}', 422, 'invalid_request', 'payload.a'],
	'half a surrogate pair in a name': ['{"type":"echo","payload":{"\\udc00":1}}', 422, 'invalid_request', 'payload.\ufffd'],
	'a number beyond a double': ['{"type":"echo","payload":{"n":1e400}}', 422, 'invalid_request', 'payload.n'],
	'a payload text that is not JSON': [{ payload: 'hello' }, 422, 'invalid_payload', 'payload'],
	'a payload text with \\u0000 in it': [{ payload: '{"a":"\\u0000"}' }, 422, 'invalid_request', 'payload.a'],
	'type and job_type': [{ job_type: 'echo' }, 422, 'invalid_request', 'job_type'],
	'max_retries below zero': [{ max_retries: -1 }, 422, 'invalid_request', 'max_retries'],
	'max_retries and max_attempts': [{ max_retries: 1, retry_config: { max_attempts: 2 } }, 422, 'invalid_request', 'max_retries'],
	'max_retries and a wrong retry_config': [{ max_retries: 1, retry_config: 'x' }, 422, 'invalid_request', 'retry_config'],
}

for (const [what, [body, status, code, field]] of Object.entries(refused)) {
	test(`a submit with ${what} is refused and stores nothing`, async (t) => {
		const isObject = typeof body === 'object' && !(body instanceof Uint8Array)

		const answer = await api.post('/jobs', isObject ? { type: 'echo', name: what, ...body } : body)

		isProblem(t, answer, status, code, field ? { field } : {})
		if (field) t.true(answer.body.errors.some((error: Json) => error.field === field))
		t.is((await db.rows('select from taskq.jobs where name = $1', [what])).length, 0)
	})
}

test('every wrong field of a request is named at once', async (t) => {
	const answer = await api.post('/jobs', { type: 1, queue: 2, nonsense: 3 })

	isProblem(t, answer, 422, 'invalid_request')
	t.deepEqual(answer.body.errors.map(({ field }: Json) => field).toSorted(), ['nonsense', 'queue', 'type'])
})

test('what is at the limits is accepted', async (t) => {
	const bodies = [
		`{"type":"echo","payload":{"a":${nested(63)}}}`,
		JSON.stringify({ type: 'echo', payload: `{"a":${nested(63)}}` }),
		JSON.stringify({ type: 'echo', payload: { a: 'x'.repeat(2 ** 20 - 100) } }),
		JSON.stringify({ type: 'echo', priority: 10, timeout_seconds: 2_592_000, max_retries: 999, metadata: null, queue: null }),
	]

	const answers = await Promise.all(bodies.map((body) => api.post('/jobs', body)))

	t.deepEqual(
		answers.map(({ status }) => status),
		[201, 201, 201, 201],
	)
})

test('one idempotency key for two requests is a conflict that names the first job', async (t) => {
	const first = await api.submit({ payload: { n: 1 }, idempotency_key: 'conflict' })

	const answer = await api.post('/jobs', { type: 'echo', payload: { n: 2 }, idempotency_key: 'conflict' })

	isProblem(t, answer, 409, 'idempotency_conflict', { job_id: first.id, field: 'idempotency_key' })
})

test('a body of another content type or coding is refused', async (t) => {
	const types = ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', 'application/jsonp']

	for (const type of types)
		isProblem(t, await api.post('/jobs', '{"type":"echo"}', { 'Content-Type': type }), 415, 'unsupported_media_type')
	isProblem(t, await api.post('/jobs', '{"type":"echo"}', { 'Content-Encoding': 'lzma' }), 415, 'unsupported_media_type')
	isProblem(t, await api.post('/jobs', 'not gzip', { 'Content-Encoding': 'gzip' }), 400, 'malformed_request')
	t.is((await api.post('/jobs', '{"type":"echo"}', { 'Content-Type': 'application/vnd.taskq+json; charset="utf-8"' })).status, 201)
})

test('a method that a path does not take is answered with those that it takes', async (t) => {
	const expected: [method: string, path: string, allow: string][] = [
		['PUT', '/jobs', 'GET, POST, HEAD, OPTIONS'],
		['DELETE', `/jobs/${UNKNOWN}`, 'GET, HEAD, OPTIONS'],
		['POST', `/jobs/${UNKNOWN}/cancel`, 'PATCH, OPTIONS'],
		['GET', '/dead-letters/retries', 'POST, OPTIONS'],
		['GET', '/queues/a/pause', 'PUT, DELETE, OPTIONS'],
		['GET', '/jobs/batch', 'POST, OPTIONS'],
		['PUT', `/jobs/${UNKNOWN}/dependencies`, 'GET, POST, HEAD, OPTIONS'],
		['POST', '/workflows', 'GET, HEAD, OPTIONS'],
		['POST', `/workflows/${UNKNOWN}/cancel`, 'PATCH, OPTIONS'],
		['DELETE', `/workflows/${UNKNOWN}/graph`, 'GET, HEAD, OPTIONS'],
	]

	for (const [method, path, allow] of expected) {
		const answer = await api.send(method, path)

		isProblem(t, answer, 405, 'method_not_allowed')
		t.is(answer.headers.get('allow'), allow)
		t.is((await api.send('OPTIONS', path)).status, 204)
	}
})

test('an unknown or malformed id is not found, wherever it stands', async (t) => {
	const job: [method: string, path: string, body?: Json][] = [
		['GET', '/jobs/:id'],
		['GET', '/jobs/:id/logs'],
		['GET', '/jobs/:id/executions'],
		['GET', '/jobs/:id/why'],
		['GET', '/jobs/:id/dependencies'],
		['GET', '/jobs/:id/graph'],
		['GET', '/jobs/:id/graph?format=mermaid'],
		['GET', '/workflows/:id'],
		['GET', '/workflows/:id/graph'],
		['PATCH', '/workflows/:id/cancel'],
		['PATCH', '/jobs/:id/cancel'],
		['POST', '/jobs/:id/retries'],
		['POST', '/jobs/:id/dependencies', { depends_on: UNKNOWN }],
		['POST', '/dead-letters/:id/retries'],
		['DELETE', '/dead-letters/:id'],
		['POST', '/workers/:id/drain'],
	]

	for (const id of [UNKNOWN, 'abc', '1', '%00', "'; drop table jobs --"])
		for (const [method, path, body] of job) isProblem(t, await api.send(method, path.replace(':id', id), body), 404, 'not_found')
	isProblem(t, await api.get('/no/such/path'), 404, 'not_found')
	isProblem(t, await api.get('/jobs/%zz'), 400, 'malformed_request')
})

test('wrong parameters of a list are refused by name', async (t) => {
	const expected: Record<string, string> = {
		'status=done': 'status',
		'limit=0': 'limit',
		'limit=201': 'limit',
		'limit=ten': 'limit',
		'limit=1&limit=2': 'limit',
		'priority=urgent': 'priority',
		'created_from=yesterday': 'created_from',
		'created_to=2030-02-30': 'created_to',
		'cursor=abc': 'cursor',
		'total=1': 'total',
		'metadata=x': 'metadata',
		'metadata=[]': 'metadata',
		'metadata={"a":"\\u0000"}': 'metadata.a',
		'type=%00': 'type',
		'color=red': 'color',
		'workflow_id=x': 'workflow_id',
		'status=failed&status_filter=failed': 'status_filter',
	}

	for (const [query, field] of Object.entries(expected)) isProblem(t, await api.get(`/jobs?${query}`), 422, 'invalid_request', { field })
	isProblem(t, await api.get('/dead-letters?color=red'), 422, 'invalid_request', { field: 'color' })
	for (const query of ['status=done', 'name=%00', 'limit=0', 'cursor=x', 'color=red'])
		isProblem(t, await api.get(`/workflows?${query}`), 422, 'invalid_request', { field: query.split('=')[0] })
})
