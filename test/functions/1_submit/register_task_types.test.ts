import test from 'ava'
import { useDb } from '../../support/db.ts'
import { sqlState } from '../../support/stage.ts'

const db = useDb(test)

const register = (tasks: unknown) => db.rows('select taskq.register_task_types($1) as type', [JSON.stringify(tasks)])

test('types are registered and can be looked up', async (t) => {
	const payload_schema = { type: 'object' }

	const types = await register([{ type: 'b' }, { type: 'a', description: 'A thing.', payload_schema, cpu_units: 0.5, timeout_seconds: 5 }])

	t.deepEqual(types, [{ type: 'a' }, { type: 'b' }])
	t.like(await db.row(`select * from taskq.task_types where type = 'a'`), {
		...{ description: 'A thing.', payload_schema, cpu_units: 0.5, memory_mb: 0, timeout_seconds: 5, max_attempts: null },
	})
})

test('a type that is registered again is as its last registration says', async (t) => {
	await register([{ type: 'again', cpu_units: 5, description: 'First.' }])

	await register([{ type: 'again', memory_mb: 7 }])

	t.like(await db.row(`select * from taskq.task_types where type = 'again'`), { cpu_units: 0, memory_mb: 7, description: '' })
})

const bad: Record<string, unknown> = {
	type: 'two words',
	payload_schema: [],
	cpu_units: -1,
	memory_mb: -1,
	timeout_seconds: 0,
	max_attempts: 0,
	initial_delay_seconds: -1,
	backoff_multiplier: 0.5,
	max_delay_seconds: -1,
	jitter: 2,
}

for (const [field, value] of Object.entries(bad)) {
	test(`a type with a ${field} that no job could live with is refused`, async (t) => {
		t.is(await sqlState(register([{ type: 'bad', [field]: value }])), '23514')
	})
}

test('a type without a name is refused', async (t) => {
	t.is(await sqlState(register([{}])), '23502')
})

test('a pattern that PostgreSQL cannot read is refused at the door, where it harms no submit', async (t) => {
	const payload_schema = { properties: { list: { items: { anyOf: [{ type: 'string', pattern: '^\\p{Emoji}$' }] } } } }

	t.is(await sqlState(register([{ type: 'emoji', payload_schema }])), 'TQ422')
})

test('a field that is named pattern is no pattern', async (t) => {
	const payload_schema = { properties: { pattern: { type: 'string', pattern: '^[a-z]+$' } } }

	t.deepEqual(await register([{ type: 'named-pattern', payload_schema }]), [{ type: 'named-pattern' }])
})
