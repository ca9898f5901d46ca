import test from 'ava'
import type pg from 'pg'
import { pino } from 'pino'
import type { Role } from '../../db/pool.ts'
import { type Caller, Database } from '../../server/database.ts'
import { useDb } from '../support/db.ts'

const db = useDb(test)
const log = pino({ level: 'silent' })
const TOLD = `select current_setting('role') as role, current_user as user, current_setting('statement_timeout') as timeout, current_setting('taskq.door') as door,
	current_setting('taskq.caller') as caller, current_setting('taskq.key_id') as key, current_setting('taskq.queues') as queues`

const callerOf = (role: Role, name: string | null = null, keyId: string | null = null, queues: string[] | null = null): Caller => ({
	role,
	name,
	keyId,
	queues,
})
const ask = async (database: Database, caller: Caller, config: pg.QueryConfig) =>
	(await (database.as(caller) as pg.Pool).query(config)).rows

for (const pooled of [false, true])
	test(`${pooled ? 'through a pooler' : 'directly'}, a statement acts as its caller, and nothing of them is left to the next`, async (t) => {
		const database = new Database({ connectionString: db.url, pooled, log })
		const callers = [
			callerOf('taskq_reader', "ann's", 'a', ['mail', 'sms']),
			callerOf('taskq_operator', 'bob\\', 'b'),
			callerOf('taskq_admin'),
			callerOf('taskq_client', 'eve\'"; reset role'),
		]

		const seen = await Promise.all(
			Array.from({ length: 60 }, (_, n) => ask(database, callers[n % 4]!, { name: 'told', text: TOLD, values: [] })),
		)

		for (const [n, [row]] of seen.entries()) {
			const { role, name, keyId, queues } = callers[n % 4]!
			const timeout = role === 'taskq_reader' ? '10s' : '15s'
			const expected = {
				role,
				user: role,
				timeout,
				door: 'rest',
				caller: name ?? '',
				key: keyId ?? '',
				queues: queues ? '{"mail","sms"}' : '',
			}
			t.deepEqual(row, expected)
		}
		await database.end()
	})

test('where the login may not take the role, the statement is not done', async (t) => {
	const name = `only_${new URL(db.url).pathname.slice(3)}`
	await db.query(`create role ${name} login noinherit password 'x'; grant taskq_reader to ${name}`)
	const database = new Database({ connectionString: Object.assign(new URL(db.url), { username: name, password: 'x' }).href, log })
	const pause = { name: 'pause', text: 'select taskq.pause_queue($1)', values: ['never'] }

	const error = await t.throwsAsync(ask(database, callerOf('taskq_operator'), pause), { code: '42501' })
	const next = await t.throwsAsync<pg.DatabaseError>(ask(database, callerOf('taskq_operator'), pause), { code: '42501' })
	const [{ user }] = (await ask(database, callerOf('taskq_reader'), { text: 'select current_user as user', values: [] })) as [
		{ user: string },
	]

	t.regex(error!.message, /permission denied to set role|permission denied/)
	for (const { hint } of [error as pg.DatabaseError, next]) t.is(hint, 'Grant taskq_operator to the database login that taskq connects as.')
	t.is(user, 'taskq_reader')
	t.deepEqual(await db.rows(`select from taskq.queues where queue = 'never'`), [])
	const foreign = { name: 'foreign', text: 'select taskq.pause_queue($1)', values: ['never'] }
	const own = await t.throwsAsync<pg.DatabaseError>(ask(database, callerOf('taskq_reader'), foreign), { code: '42501' })
	t.is(own.hint, undefined, 'a role that may not do this is another matter')
	await database.end()
	await db.query(`drop role ${name}`)
})

test('what fails, before or while it is done, spoils nothing for the next statement of its session', async (t) => {
	const database = new Database({ connectionString: db.url, log })
	const reader = callerOf('taskq_reader')
	const good = { name: 'good', text: 'select $1::int as n', values: [1] }

	for (let n = 0; n < 12; n++) {
		await t.throwsAsync(ask(database, reader, { name: 'unknown', text: 'select nothing from nowhere', values: [] }), { code: '42P01' })
		await t.throwsAsync(ask(database, reader, { name: 'fails', text: 'select 1 / $1::int', values: [0] }), { code: '22012' })
		await t.throwsAsync(ask(database, reader, { name: 'good', text: 'another text under its name', values: [] }))
		t.deepEqual(await ask(database, reader, good), [{ n: 1 }])
	}
	await database.end()
})

test('what was done is kept, and what failed is undone', async (t) => {
	const database = new Database({ connectionString: db.url, log })
	const pause = (values: string[]) => ({
		name: 'pauses',
		text: 'select taskq.pause_queue(q) from unnest($1::text[]) as q',
		values: [values],
	})

	await ask(database, callerOf('taskq_operator'), pause(['kept']))
	await t.throwsAsync(ask(database, callerOf('taskq_operator'), pause(['undone', 'no queue'])), { code: 'TQ422' })

	t.deepEqual(await db.rows(`select queue from taskq.queues where queue in ('kept', 'undone')`), [{ queue: 'kept' }])
	await database.end()
})

test('directly, a statement is prepared once in a session; through a pooler, never', async (t) => {
	for (const pooled of [false, true]) {
		const database = new Database({ connectionString: db.url, pooled, log })
		for (let n = 0; n < 3; n++) await ask(database, callerOf('taskq_reader'), { name: 'again', text: 'select 1', values: [] })
		const prepared = await ask(database, callerOf('taskq_reader'), {
			text: 'select name from pg_prepared_statements order by name',
			values: [],
		})

		t.deepEqual(
			prepared.map(({ name }) => name),
			pooled ? [] : ['again', 'becomeCaller'],
		)
		await database.end()
	}
})
