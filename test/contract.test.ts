import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { statements } from '../db/calls.ts'
import { useDb } from './support/db.ts'
import { root } from './support/file-rules.ts'
import { sqlState } from './support/stage.ts'

const db = useDb(test)

for (const [name, text] of Object.entries(statements)) {
	test(`${name} fits the schema`, async (t) => {
		const client = await db.client()

		await client.query(`prepare statement as ${text}`)

		t.pass()
	})
}

test('a renamed argument is found', async (t) => {
	t.is(await sqlState(db.query('prepare broken as select taskq.get_job(id => $1::uuid)')), '42883')
})

test('arguments are given by name, so that a changed order is no silent change', (t) => {
	const byPosition = Object.values(statements).filter((text) => /taskq\.\w+\((?!\)|\w+ => )/.test(text.replaceAll(/'[^']*'/g, "''")))

	t.deepEqual(byPosition, [])
})

/** TypeScript without its comments. */
const code = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '')

/** SQL that reads or writes tables, or calls a function of taskq. */
const sql =
	/\bselect\b[^'"`]*\bfrom\s+[a-z_]+\b(?!['"])|\bselect\s+(taskq|pg_)|\binsert\s+into\s|\bupdate\s+[\w.]+\s+set\s|\bdelete\s+from\s|\btaskq(_private)?\.[a-z_]+\(/i

const hasSql = (text: string): boolean => sql.test(code(text))

const mayHoldSql = [/^db\/(calls|migrate|commit|embedded-supervisor)\.ts$/, /^worker\/tasks\//]

test('no TypeScript but db/calls.ts and what makes the database holds SQL', (t) => {
	const files = ['db', 'server', 'worker'].flatMap((folder) =>
		fs.readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`),
	)
	const source = files.filter((file) => file.endsWith('.ts') && !mayHoldSql.some((pattern) => pattern.test(file)))

	t.deepEqual(
		source.filter((file) => hasSql(fs.readFileSync(path.join(root, file), 'utf8'))),
		[],
	)
})

test('SQL is found where it is, and not where it is not', (t) => {
	const holds = [
		"db.query('select * from taskq.jobs')",
		'`SELECT id\nFROM jobs`',
		"'insert into x values (1)'",
		"'update jobs set a = 1'",
		"'delete from jobs'",
		"'select taskq.tick()'",
		"'select pg_notify($1, $2)'",
	]
	const holdsNot = [
		'// select * from jobs',
		'/* taskq.tick() */',
		"'listen taskq_events'",
		"'select 1'",
		"import { select } from 'x'",
		"'set role'",
	]

	t.deepEqual(holds.filter(hasSql), holds)
	t.deepEqual(holdsNot.filter(hasSql), [])
})
