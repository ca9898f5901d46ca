import test from 'ava'
import { useDb } from './support/db.ts'

const db = useDb(test)

/** What a manual page says to type; its psql variables get values of their kind. */
const exampleOf = (comment: string): string =>
	(/\. Example(?:, .*?)?: ((?:select|table) .*?)\.?$/.exec(comment)?.[1] ?? '')
		.replace(/ \\gx$/, '')
		.replaceAll(":'claim'", "'1'")
		.replaceAll(/:'\w+'/g, "'01890a5d-ac96-774b-bcce-b302099a8057'")

test('every example of \\df+ taskq.* and \\dv+ taskq.* is a statement that this schema understands', async (t) => {
	const pages = await db.rows(
		`select proname as name, obj_description(oid, 'pg_proc') as comment from pg_proc where pronamespace = 'taskq'::regnamespace
		union all
		select relname, obj_description(oid, 'pg_class') from pg_class
		where relnamespace = 'taskq'::regnamespace and relkind = 'v' and obj_description(oid, 'pg_class') ~ 'Example'`,
	)
	const client = await db.client()

	for (const { name, comment } of pages)
		await t.notThrowsAsync(client.query(`prepare "example of ${name}" as ${exampleOf(comment)}`), `${name}: ${exampleOf(comment)}`)
	t.true(pages.length > 60)
	await t.throwsAsync(client.query(`prepare broken as ${exampleOf('It is. Example: select * from taskq.nothing().')}`), { code: '42883' })
})
