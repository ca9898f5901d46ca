import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import type pg from 'pg'
import { useDb } from './support/db.ts'
import { root } from './support/file-rules.ts'

const db = useDb(test)

const functions = path.join(root, 'functions')

/** functions/index.sql with its files in their places, as graphile-migrate reads it. */
const expandedIndex = (): string =>
	fs
		.readFileSync(path.join(functions, 'index.sql'), 'utf8')
		.replaceAll(/^--!include (\S+)$/gm, (_, file: string) => fs.readFileSync(path.join(functions, file), 'utf8'))

/** name -> hash of its definition, comment and grants. */
async function definitions(client: pg.Client): Promise<Map<string, string>> {
	const { rows } = await client.query(
		`select p.oid::regprocedure::text as name, concat_ws('|', pg_get_functiondef(p.oid), obj_description(p.oid, 'pg_proc'), p.proacl::text) as definition
		from pg_proc as p where p.pronamespace in ('taskq'::regnamespace, 'taskq_private'::regnamespace)
		union all
		select c.oid::regclass::text, concat_ws('|', pg_get_viewdef(c.oid), obj_description(c.oid, 'pg_class'), c.relacl::text)
		from pg_class as c where c.relnamespace in ('taskq'::regnamespace, 'taskq_private'::regnamespace) and c.relkind = 'v'
		order by name`,
	)
	return new Map(rows.map(({ name, definition }) => [name, createHash('sha256').update(definition).digest('hex')]))
}

/** The names whose definition is another after this SQL has run. */
async function changedBy(sql: string): Promise<string[]> {
	const client = await db.client()
	await client.query('begin')
	await client.query('set local role taskq_owner')
	const before = await definitions(client)
	await client.query(sql)
	const after = await definitions(client)
	await client.query('rollback')
	return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name))
}

test.serial('the committed migrations make what functions/ says', async (t) => {
	t.deepEqual(await changedBy(expandedIndex()), [], 'run `npm run migrate:commit` after a change in functions/')
})

test.serial('a function, a comment and a view that drifted are found by name', async (t) => {
	const drifted = await changedBy(`
		create or replace function taskq_private.timeout_grace() returns interval language sql immutable parallel safe as $$ select interval '1 hour'; $$;
		comment on function taskq.tick() is 'Something else.';
		create function taskq_private.added() returns integer language sql immutable as $$ select 1 $$;
		grant select on taskq.workers to taskq_worker;
	`)

	t.deepEqual(drifted.sort(), ['taskq.tick()', 'taskq.workers', 'taskq_private.added()', 'taskq_private.timeout_grace()'])
})

test.serial('no migration lies about uncommitted', (t) => {
	const current = path.join(root, 'db/migrations/current')
	const rest = fs
		.readdirSync(current)
		.map((file) => fs.readFileSync(path.join(current, file), 'utf8'))
		.join('\n')

	t.is(rest.replaceAll(/--.*$/gm, '').trim(), '')
})
