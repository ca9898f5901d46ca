import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { WebSocket } from 'ws'
import { callOne } from '../../db/calls.ts'
import { type Json, useServer } from '../server/support.ts'
import { until } from '../support/patience.ts'
import { INTROSPECTION, makeRequests, type Type } from './graphql-requests.ts'
import { type Entry, nameOfField, ROLES, type Role, render, table } from './table.ts'

const { db, api } = useServer(test)
const entries = Object.entries(table)
const may = (role: Role, ...names: string[]) => names.every((name) => table[name]!.audience.includes(role))

let made: Promise<Record<Role, { Authorization: string }>> | undefined
/** A key of each role, made when the first test asks. */
function keysOf() {
	made ??= (async () => {
		const keys = {} as Record<Role, { Authorization: string }>
		for (const role of ROLES) {
			const { api_key } = await callOne<{ api_key: string }>(db.pool, 'createApiKey', [role, role, null])
			keys[role] = { Authorization: `Bearer ${api_key}` }
		}
		return keys
	})()
	return made
}

test('docs/access.md is what the table says', (t) => {
	t.is(readFileSync(path.resolve(import.meta.dirname, '../../docs/access.md'), 'utf8'), render())
})

test('the table has every function and view of schema taskq, with those who may use it', async (t) => {
	const rows = await db.rows(
		`select p.proname as name, 'function' as kind, array(select r from unnest($1::text[]) as r where has_function_privilege(r, p.oid, 'execute')) as audience
		from pg_proc as p where p.pronamespace = 'taskq'::regnamespace
		union all
		select c.relname, 'view', array(select r from unnest($1::text[]) as r where has_table_privilege(r, c.oid, 'select'))
		from pg_class as c where c.relnamespace = 'taskq'::regnamespace and c.relkind in ('v', 'm', 'r')`,
		[ROLES],
	)

	t.deepEqual(
		Object.fromEntries(rows.map(({ name, kind, audience }) => [name, { kind, audience }]).toSorted()),
		Object.fromEntries(entries.map(([name, { kind, audience }]) => [name, { kind, audience: [...audience] }]).toSorted()),
	)
})

/** A call with nothing for each argument: whoever may make it is refused for another reason or none. */
async function callsOf(): Promise<Map<string, string>> {
	const rows = await db.rows(
		`select p.proname as name, array(select 'null::' || format_type(a.type, null) from unnest(p.proargtypes) with ordinality as a (type, n) order by n) as args
		from pg_proc as p where p.pronamespace = 'taskq'::regnamespace`,
	)
	const calls = rows.map(({ name, args }): [string, string] => [name, `select * from taskq.${name}(${args.join(', ')})`])
	return new Map([
		...calls,
		...entries.filter(([, { kind }]) => kind === 'view').map(([name]): [string, string] => [name, `select from taskq.${name} limit 1`]),
	])
}

test('in SQL every role may use what it is meant to, and is refused the rest', async (t) => {
	const calls = await callsOf()
	const client = await db.client()
	let cells = 0
	for (const role of ROLES)
		for (const [name] of entries) {
			await client.query(`begin; set local role ${role}`)
			const refused = await client.query(calls.get(name)!).then(
				() => false,
				({ code, message }) => code === '42501' && message.startsWith('permission denied for '),
			)
			await client.query('rollback')
			cells++
			t.is(refused, !may(role, name), `${role}: ${calls.get(name)}`)
		}
	t.log(`${cells} cells: ${ROLES.length} roles, ${entries.length} functions and views`)
})

const isForbidden = ({ status, body }: { status: number; body: Json }) => status === 403 && body.code === 'forbidden'

test('at REST a key of every role may use what it is meant to, and is refused the rest', async (t) => {
	const keys = await keysOf()
	let cells = 0
	for (const [name, { rest, besides }] of entries)
		for (const [method, where, body] of rest)
			for (const role of ROLES) {
				const answer = await api.send(method, where, body, keys[role])
				cells++
				t.is(isForbidden(answer), !may(role, name, ...besides), `${role}: ${method} ${where}: ${JSON.stringify(answer.body)}`)
				t.true(answer.status < 500 && answer.status !== 401, `${role}: ${method} ${where}: ${answer.status}`)
			}
	t.log(`${cells} cells`)
})

test('in GraphQL a key of every role may use what it is meant to, and is refused the rest', async (t) => {
	const keys = await keysOf()
	const { body } = await until(async () => {
		const answer = await api.post('/graphql', { query: INTROSPECTION })
		return answer.status !== 503 && answer
	})
	const { types: list, queryType, mutationType } = body.data.__schema
	const types = new Map<string, Type>(list.map((type: Type) => [type.name, type]))
	const requestOf = makeRequests(types)
	let cells = 0
	for (const [operation, { name }] of [
		['query', queryType],
		['mutation', mutationType],
	] as const)
		for (const field of types.get(name)!.fields!) {
			const uses = nameOfField(field.name)
			if (!uses) {
				t.fail(`the table does not say what ${field.name} uses`)
				continue
			}
			for (const role of ROLES) {
				const answer = await api.post('/graphql', { query: requestOf(operation, field) }, keys[role])
				const codes = (answer.body.errors ?? []).map(({ extensions }: Json) => extensions?.code)
				cells++
				t.is(codes.includes('forbidden'), !may(role, uses), `${role}: ${requestOf(operation, field)}: ${JSON.stringify(answer.body)}`)
				t.true(
					answer.body.data !== undefined && !codes.includes('internal'),
					`${requestOf(operation, field)}: ${JSON.stringify(answer.body)}`,
				)
			}
		}
	t.log(`${cells} cells`)
})

test('a WebSocket is opened by a key of every role that may read the stream', async (t) => {
	const keys = await keysOf()
	for (const role of ROLES) {
		const ws = new WebSocket(`${api.url.replace('http', 'ws')}/jobs/stream`, { headers: keys[role] })
		const status = await new Promise((resolve) => {
			ws.on('error', () => {}) // of being ended before it was open
			ws.on('open', () => resolve(101)).on('unexpected-response', (_req, res) => resolve(res.resume().statusCode))
		})
		t.is(status, may(role, 'stream_position') ? 101 : 403, role)
		ws.terminate()
	}
})

test('what a key for some queues is refused is refused in SQL, whatever its role', async (t) => {
	const calls = await callsOf()
	const client = await db.client()
	const refused = entries.filter(([, { scope }]: [string, Entry]) => scope === 'refused')
	for (const [name, { refusedWith }] of refused) {
		await client.query(`begin; set local role taskq_admin; set local taskq.queues = '{mail}'`)
		const error = await client.query(refusedWith ? `select taskq.${name}(${refusedWith})` : calls.get(name)!).then(
			() => ({ code: 'none', message: '' }),
			(reason) => reason,
		)
		await client.query('rollback')
		t.is(error.code, '42501', name)
		t.regex(error.message, /some queues only/)
	}
	t.true(refused.length > 10)
})

test('what is hidden from a key for some queues shows nothing, though there is something', async (t) => {
	await db.query(`select taskq.register_worker('w', '{echo}', 1, 1), taskq.set_concurrency_limit('hidden', 1)`)
	for (const [name, { scope }] of entries) {
		if (scope !== 'hidden') continue
		const client = await db.client()
		const count = async () => (await client.query(`select count(*)::int as n from taskq.${name}`)).rows[0].n
		await client.query('set role taskq_admin')
		t.true((await count()) > 0, name)
		await client.query(`set taskq.queues = '{mail}'`)
		t.is(await count(), 0, name)
		await client.end()
	}
})
