import fs from 'node:fs'
import test from 'ava'
import { functions, notFields } from '../../server/graphql/functions.ts'
import { SCHEMA_FILE, schemaText } from '../../server/graphql/schema.ts'
import { makeAsk } from './graphql-support.ts'
import { type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

test('schema.graphql is the schema that the migrations make', async (t) => {
	t.is(await schemaText(db.pool), fs.readFileSync(SCHEMA_FILE, 'utf8'), 'run `npm run graphql:schema` after a change of what is exposed')
})

/** The names of functions that one of these roles was granted itself. */
const grantedTo = async (...roles: string[]): Promise<string[]> =>
	(
		await db.rows(
			`select distinct p.proname as name
			from pg_proc as p cross join lateral aclexplode(p.proacl) as a
			where p.pronamespace = 'taskq'::regnamespace and a.grantee = any ($1::regrole[]) and a.privilege_type = 'EXECUTE'
			order by name`,
			[roles],
		)
	).map(({ name }) => name)

const camel = (name: string) => name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())

async function fieldsOf(type: string): Promise<string[]> {
	const { data } = await makeAsk(api)(`{ __type(name: "${type}") { fields { name } } }`)
	return data.__type.fields.map(({ name }: Json) => name)
}

test('every function for people is a field, or is listed with the reason why it is none', async (t) => {
	const granted = await grantedTo('taskq_reader', 'taskq_client', 'taskq_operator', 'taskq_admin')
	const fields = [...(await fieldsOf('Query')), ...(await fieldsOf('Mutation'))]

	t.deepEqual(granted, [...Object.keys(functions), ...Object.keys(notFields)].toSorted())
	t.deepEqual(
		Object.keys(functions).filter((name) => !fields.includes(camel(name))),
		[],
	)
	t.deepEqual(
		Object.keys(notFields).filter((name) => fields.includes(camel(name))),
		[],
	)
})

test('no function of workers is a field, and no table is a type', async (t) => {
	const people = await grantedTo('taskq_reader', 'taskq_client', 'taskq_operator', 'taskq_admin')
	const workers = (await grantedTo('taskq_worker')).filter((name) => !people.includes(name))
	const fields = [...(await fieldsOf('Query')), ...(await fieldsOf('Mutation')), ...(await fieldsOf('Subscription'))]
	const schema = fs.readFileSync(SCHEMA_FILE, 'utf8')

	t.true(workers.includes('claim_next_job'))
	t.deepEqual(
		workers.filter((name) => fields.includes(camel(name))),
		[],
	)
	t.notRegex(schema, /type (JobSpec|FinishedJob|ReadyJob|WaitingJob|ApiKey|AuditLog)\b/)
	t.notRegex(schema, /\b(create|update|delete)(Job|Queue|Worker|Workflow)\b/)
})
