import test from 'ava'
import { registerTypes, useDb } from '../../support/db.ts'
import { submitEach } from '../../support/stage.ts'

const db = useDb(test)

const errorsOf = async (requests: unknown[]) => {
	await registerTypes(db, 'echo')
	return (await submitEach(db.pool, requests)).map(({ error }) => error)
}
const verdict = (error: { code: string; field?: string } | null) => error && [error.code, error.field]

const broken: Record<string, unknown[]> = {
	type: [1, '', null, 'two words', 'x'.repeat(101), ['echo'], {}],
	queue: [1, '', 'two words', 'x'.repeat(101), 'ümlaut', true],
	priority: [0, 11, 2.5, -1, 'urgent', '', [], {}, true, '1.0'],
	run_at: [1, true, {}, '', 'tomorrow', '2030-01-01', '2030-01-01T00:00:00', '2030-02-30T00:00:00Z', '2030-01-01T00:00:00+25:00'],
	timeout_seconds: [0, -1, 1.5, 2592001, '30', 1e300],
	idempotency_key: [1, '', 'x'.repeat(256), {}],
	depends_on: ['x', {}, 1],
	on_dependency_failure: ['', 'ignore', 'HOLD', 1],
	metadata: ['x', 1, [], { text: 'x'.repeat(17_000) }],
	name: [1, '', 'x'.repeat(201)],
	created_by: [1, '', 'x'.repeat(201)],
	trace_context: [1, '', 'x'.repeat(513)],
	resource_requirements: ['x', 1, []],
	'resource_requirements.cpu_units': [-1, 100_001, '1', true],
	'resource_requirements.memory_mb': [-1, 1.5, 1_000_000_001, '1'],
	'resource_requirements.gpu': [1, 0, -1, '1', true, [], {}, 1e300],
	retry_config: ['x', 1, []],
	'retry_config.max_attempts': [0, 1001, 1.5, '3'],
	'retry_config.initial_delay_seconds': [-1, 86_401, '1'],
	'retry_config.backoff_multiplier': [0.5, 101, '2'],
	'retry_config.max_delay_seconds': [-1, 2592001, '1'],
	'retry_config.jitter': [-0.1, 1.1, '0'],
	'retry_config.tries': [1, null],
	unknown: [1, null, {}],
	job_id: ['01890a5d-ac96-774b-bcce-b302099a8057'],
}

const nested = (field: string, value: unknown) => {
	const [outer, inner] = field.split('.') as [string, string?]
	return { type: 'echo', [outer]: inner ? { [inner]: value } : value }
}

for (const [field, values] of Object.entries(broken)) {
	test(`a request with a bad ${field} is answered 422 naming the field`, async (t) => {
		const errors = await errorsOf(values.map((value) => nested(field, value)))

		t.deepEqual(
			errors.map(verdict),
			values.map(() => ['TQ422', field]),
		)
	})
}

const accepted: Record<string, unknown[]> = {
	queue: ['x'.repeat(100), 'a.b:c-d_E9', null],
	priority: [1, 10, '1', '10', 'critical', 'high', 'normal', 'low', 'HIGH', null],
	run_at: ['2030-01-01T00:00Z', '2030-01-01 00:00:00.123456+02', '2030-01-01T00:00:00-0330', '1999-12-31T23:59:60z', null],
	timeout_seconds: [1, 2592000, 30.0, null],
	idempotency_key: ['x'.repeat(255), '☃', null],
	depends_on: [[], null],
	on_dependency_failure: ['cancel', 'hold', null],
	metadata: [{}, { team: 'a', deep: { list: [1] } }, null],
	name: ['x'.repeat(200), null],
	created_by: ['me', null],
	trace_context: ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', null],
	payload: [null, 1, 'text', [], {}, true],
	resource_requirements: [{}, null],
	'resource_requirements.cpu_units': [0, 0.001, 100_000, null],
	'resource_requirements.memory_mb': [0, 1_000_000_000, null],
	retry_config: [{}, null],
	'retry_config.max_attempts': [1, 1000, null],
	'retry_config.initial_delay_seconds': [0, 1e-50, 86_400, null],
	'retry_config.backoff_multiplier': [1, 100, 1.000000001, null],
	'retry_config.max_delay_seconds': [0, 2592000, null],
	'retry_config.jitter': [0, 1, 1e-300, null],
}

for (const [field, values] of Object.entries(accepted)) {
	test(`a request with a good ${field} is accepted, and null is as if it were not there`, async (t) => {
		const errors = await errorsOf(values.map((value) => nested(field, value)))

		t.deepEqual(
			errors,
			values.map(() => null),
		)
	})
}

test('what is not an object is answered 422', async (t) => {
	const errors = await errorsOf([1, 'text', null, [], true])

	t.deepEqual(
		errors.map((error) => error?.code),
		Array(5).fill('TQ422'),
	)
})

test('a nested name written with a dot is unknown, and not silently passed over', async (t) => {
	const errors = await errorsOf([{ type: 'echo', 'retry_config.jitter': 0.5 }])

	t.deepEqual(verdict(errors[0]!), ['TQ422', '"retry_config.jitter"'])
})
