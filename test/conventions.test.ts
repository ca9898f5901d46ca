import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { catalogRules } from './support/catalog-rules.ts'
import { useDb } from './support/db.ts'
import { fileRules, root, sqlFiles } from './support/file-rules.ts'

const db = useDb(test)

// each rule is held against the real thing, and then seen to fail on a broken example

for (const [rule, { find, broken }] of Object.entries(catalogRules)) {
	test(rule, async (t) => {
		const found = (await db.rows(find)).map(({ name }) => name)
		const client = await db.client()
		await client.query('begin')
		await client.query(broken)
		const { rowCount } = await client.query(find)
		await client.query('rollback')

		t.deepEqual(found, [])
		t.is(rowCount, 1, 'the broken example was not found')
	})
}

for (const [rule, { breaks, broken }] of Object.entries(fileRules)) {
	test(rule, (t) => {
		const found = sqlFiles().filter(breaks)

		t.deepEqual(
			found.map((file) => file.path),
			[],
		)
		t.true(breaks({ path: '1_submit/broken.sql', name: 'broken', text: broken }), 'the broken example was not found')
	})
}

test('a file that keeps all rules breaks none', (t) => {
	const text = `-- x\ncreate or replace function taskq.f()\nreturns void\nlanguage sql\nvolatile\nas $$\n  select 'A', '-- B';\n$$;\ncomment on function taskq.f() is 'It''s.';\n`

	const broken = Object.entries(fileRules).filter(([, { breaks }]) => breaks({ path: '1_submit/f.sql', name: 'f', text }))

	t.deepEqual(broken, [])
})

/** What index.sql includes too much, too often or not at all. */
function faultsOfIndex(index: string, files: string[]): string[] {
	const included = [...index.matchAll(/^--!include (\S+)$/gm)].map(([, file]) => file!)
	const code = index.split('\n').filter((line) => line.trim() && !line.startsWith('--'))
	return [
		...files.filter((file) => !included.includes(file)),
		...included.filter((file, n) => !files.includes(file) || included.indexOf(file) !== n),
		...code,
	]
}

test('index.sql includes every file once and holds nothing else', (t) => {
	const index = fs.readFileSync(path.join(root, 'functions/index.sql'), 'utf8')
	const files = [...sqlFiles().map((file) => file.path), '9_grants.sql']

	t.deepEqual(faultsOfIndex(index, files), [])
	t.deepEqual(faultsOfIndex('--!include a\n--!include a\n--!include c\nselect 1;', ['a', 'b']), ['b', 'a', 'c', 'select 1;'])
})

test('the database and functions/ hold the same functions and views', async (t) => {
	const { rows } = await db.query(
		`select proname as name from pg_proc where pronamespace in ('taskq'::regnamespace, 'taskq_private'::regnamespace)
		union all select relname from pg_class where relnamespace in ('taskq'::regnamespace, 'taskq_private'::regnamespace) and relkind = 'v'`,
	)

	t.deepEqual(
		rows.map(({ name }) => name).sort(),
		sqlFiles()
			.map(({ name }) => name)
			.sort(),
	)
})

test('functions/ has no folder and no file that is not meant to be there', (t) => {
	const stages = ['0_base', '1_submit', '2_ready', '3_claim', '4_run', '5_finish', '6_unblock', '7_operate', '8_read']

	t.deepEqual(fs.readdirSync(path.join(root, 'functions')).sort(), [...stages, '9_grants.sql', 'README.md', 'index.sql'].sort())
	for (const stage of stages) for (const file of fs.readdirSync(path.join(root, 'functions', stage))) t.regex(file, /^[a-z_]+\.sql$/)
})
