import { randomUUID } from 'node:crypto'
import test from 'ava'
import { registerTypes, useDb } from '../../support/db.ts'
import { submitEach } from '../../support/stage.ts'

const db = useDb(test)

const schema = { type: 'object', properties: { to: { type: 'string' } }, required: ['to'], additionalProperties: false }

const errorOf = async (request: Record<string, unknown>) => {
	await registerTypes(db, 'echo', { type: 'mail', payload_schema: schema })
	const [answer] = await submitEach(db.pool, [{ type: 'echo', ...request }])
	return answer!.error && [answer!.error.code, answer!.error.field]
}

/** Lists within lists, this many of them. */
const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels))

test('a type that nobody registered is answered TQ421', async (t) => {
	t.deepEqual(await errorOf({ type: 'nobody-knows' }), ['TQ421', 'type'])
})

test('a payload of just under 1 MiB is accepted', async (t) => {
	t.is(await errorOf({ payload: { text: 'x'.repeat(1_048_000) } }), null)
})

test('a payload over 1 MiB is answered TQ413', async (t) => {
	t.deepEqual(await errorOf({ payload: { text: 'x'.repeat(1_048_576) } }), ['TQ413', 'payload'])
})

test('a payload is measured as it was written, and not as it is stored', async (t) => {
	t.is(await errorOf({ payload: Array(150_000).fill(0) }), null)
})

test('a payload of 64 levels is accepted, one of 65 is answered TQ413', async (t) => {
	t.is(await errorOf({ payload: nested(64) }), null)
	t.deepEqual(await errorOf({ payload: nested(65) }), ['TQ413', 'payload'])
	t.deepEqual(await errorOf({ payload: { a: [1, { b: nested(63) }] } }), ['TQ413', 'payload'])
})

test('a text at level 65 is not a level', async (t) => {
	t.is(await errorOf({ payload: JSON.parse(`${'{"a":'.repeat(64)}"text"${'}'.repeat(64)}`) }), null)
})

test('a payload against the schema of its type is answered TQ424 naming the place', async (t) => {
	t.deepEqual(await errorOf({ type: 'mail', payload: { to: 1 } }), ['TQ424', 'payload.to'])
	t.deepEqual(await errorOf({ type: 'mail', payload: {} }), ['TQ424', 'payload.to'])
	t.deepEqual(await errorOf({ type: 'mail', payload: { to: 'a', cc: 'b' } }), ['TQ424', 'payload.cc'])
	t.is(await errorOf({ type: 'mail', payload: { to: 'a' } }), null)
})

test('a missing payload is an empty object, and is checked as one', async (t) => {
	t.deepEqual(await errorOf({ type: 'mail' }), ['TQ424', 'payload.to'])
	t.deepEqual(await errorOf({ type: 'mail', payload: null }), ['TQ424', 'payload.to'])
})

test('a dependency that is no id is answered TQ423', async (t) => {
	for (const bad of ['1', 'a name', randomUUID().slice(1), `${randomUUID()}0`, `{${randomUUID()}}`]) {
		t.deepEqual(await errorOf({ depends_on: [bad] }), ['TQ423', 'depends_on'], JSON.stringify(bad))
		t.deepEqual(await errorOf({ depends_on: [{ job: bad }] }), ['TQ423', 'depends_on'], JSON.stringify(bad))
	}
})

test('a dependency that is neither a job nor {job, condition} is answered TQ422', async (t) => {
	const job = randomUUID()
	const malformed = ['', 5, true, null, [], [job], {}, { job: 5 }, { job: null }, { condition: 'failure' }, { job, when: 'failure' }]
	for (const bad of [...malformed, ...['never', '', 'FAILURE', 1, {}].map((condition) => ({ job, condition }))]) {
		t.deepEqual(await errorOf({ depends_on: [job, bad] }), ['TQ422', 'depends_on'], JSON.stringify(bad))
	}
})

test('a condition of null is as if it were not there', async (t) => {
	await registerTypes(db, 'echo')
	const [parent] = await submitEach(db.pool, [{ type: 'echo' }])

	t.is(await errorOf({ depends_on: [{ job: parent!.job_id, condition: null }] }), null)
	t.is((await db.row('select condition from taskq.job_dependencies where depends_on_id = $1', [parent!.job_id])).condition, 'success')
})

test('a dependency that is no job is answered TQ423', async (t) => {
	t.deepEqual(await errorOf({ depends_on: [randomUUID()] }), ['TQ423', 'depends_on'])
})

test('more than 10,000 dependencies of one job are refused', async (t) => {
	t.deepEqual(await errorOf({ depends_on: Array.from({ length: 10_001 }, () => randomUUID()) }), ['TQ422', 'depends_on'])
})
