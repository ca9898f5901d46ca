import test from 'ava'
import { getIntrospectionQuery } from 'postgraphile/graphql'
import { makeProxy } from '../faults/proxy.ts'
import { until } from '../support/patience.ts'
import { makeAsk } from './graphql-support.ts'
import { clientOf, isProblem, type Json, startTestServer, useServer } from './support.ts'

const { db, api } = useServer(test)

const ask = makeAsk(api)

const makeKey = async (role: string) => ({
	Authorization: `Bearer ${(await db.row('select taskq.create_api_key($1, $1) as api_key', [role])).api_key}`,
})

const SUBMIT = `mutation ($input: SubmitJobInput!) { submitJob(input: $input) { submitted { jobId status created warnings } } }`

test('no page is unbounded or larger than 200', async (t) => {
	await Promise.all(Array.from({ length: 205 }, () => api.submit({ queue: 'many' })))
	const count = async (args: string) => (await ask(`{ listJobs(queue: "many"${args}) { jobId } }`)).data?.listJobs.length

	t.is(await count(''), 50)
	t.is(await count(', maxRows: 200'), 200)
	for (const query of ['listJobs(maxRows: 201) { jobId }', 'listJobs(maxRows: null) { jobId }', 'listJobs(maxRows: 0) { jobId }']) {
		const { data, errors } = await ask(`{ ${query} }`)

		t.is(data, undefined)
		t.is(errors.length, 1)
	}
	for (const first of ['201', 'null', '-1']) t.is((await ask(`{ taskTypes(first: ${first}) { nodes { type } } }`)).errors.length, 1)
	t.is(
		(await ask('query ($n: PageSize!) { queues(first: $n) { nodes { queue } } }', { n: 1000 })).errors[0].extensions.code,
		'invalid_request',
	)
	t.is((await ask('{ queues { nodes { queue } } }')).errors, undefined)
})

test('errors carry the name, the SQLSTATE, the field and a hint', async (t) => {
	const expected: [query: string, variables: Json, extensions: Json][] = [
		[SUBMIT, { input: { type: 'nope' } }, { code: 'unknown_job_type', sqlstate: 'TQ421', field: 'type' }],
		[SUBMIT, { input: { type: 'echo', priority: 'urgent' } }, { code: 'invalid_request', sqlstate: 'TQ422', field: 'priority' }],
		[SUBMIT, { input: { type: 'echo', idempotencyKey: 'x'.repeat(2000) } }, { code: 'invalid_request', sqlstate: 'TQ422' }],
		[
			'query ($id: UUID!) { explainJob(jobId: $id) { code } }',
			{ id: '0190a0a0-0000-7000-8000-000000000000' },
			{ code: 'not_found', sqlstate: 'TQ404' },
		],
	]

	for (const [query, variables, extensions] of expected) {
		const { errors } = await ask(query, variables)

		t.like(errors[0].extensions, extensions)
	}
	t.is(typeof (await ask(SUBMIT, { input: { type: 'nope' } })).errors[0].extensions.hint, 'string')
})

test('a request runs in the role of its caller', async (t) => {
	const reader = await makeKey('taskq_reader')
	const client = await makeKey('taskq_client')

	const refused = await ask(SUBMIT, { input: { type: 'echo' } }, reader)
	const allowed = await ask(SUBMIT, { input: { type: 'echo' } }, client)
	const read = await ask('{ countJobs }', {}, reader)

	t.is(refused.errors[0].extensions.code, 'forbidden')
	const { created_by } = (await api.get(`/jobs/${allowed.data.submitJob.submitted.jobId}`)).body
	t.is(created_by, 'postgres/taskq_client')
	t.is(read.errors, undefined)
	isProblem(t, await api.post('/graphql', { query: '{ countJobs }' }, { Authorization: 'Bearer taskq_a_b' }), 401, 'unauthenticated')
	isProblem(t, await api.post('/graphql', { query: '{ countJobs }' }, { Origin: 'http://evil.example' }), 403, 'forbidden')
})

test('GraphiQL is served without a look at any other host', async (t) => {
	await ask('{ countJobs }')

	const page = await (await fetch(`${api.url}/graphiql`)).text()
	const assets = [...page.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(([, path]) => path!)
	const answers = await Promise.all(assets.map((path) => fetch(new URL(path, api.url))))

	t.true(assets.length > 0)
	t.deepEqual(
		assets.filter((path) => !path.startsWith('/graphiql-static/')),
		[],
	)
	t.true(answers.every(({ status }) => status === 200))
})

test('while the database is away GraphQL says so, and its schema comes when the database does', async (t) => {
	const proxy = await makeProxy(db.url)
	const server = await startTestServer(db, { connectionString: proxy.url })
	const other = clientOf(server.url)
	const count = () => other.post('/graphql', { query: '{ countJobs }' })

	const before = await count()
	await proxy.open()
	const { body } = await until(async () => {
		const answer = await count()
		return answer.status === 200 && answer
	})
	await proxy.close()
	const after = await count()

	isProblem(t, before, 503, 'database_unavailable')
	t.is(body.errors, undefined)
	t.is(after.body.errors[0].extensions.code, 'database_unavailable')
	await server.stop()
})

test('what asks for too much is refused at once, however it is written', async (t) => {
	const bomb = Array.from({ length: 30 }, (_, n) => `fragment F${n} on Query { a${n}: __typename ...F${n + 1} ...F${n + 1} }`).join(' ')
	const queries = [
		`{ ...F0 } ${bomb} fragment F30 on Query { __typename }`,
		`{ countJobs } ${bomb} fragment F30 on Query { __typename }`,
		`{ ${Array.from({ length: 21 }, (_, n) => `a${n}: countJobs`).join(' ')} }`,
		`{ queues { nodes { ${Array.from({ length: 1001 }, (_, n) => `a${n}: queue`).join(' ')} } } }`,
		`{ ${'__typename '.repeat(10_001)} }`,
		`mutation { submitJob(input: { type: "echo", payload: ${'['.repeat(5000)}${']'.repeat(5000)} }) { submitted { jobId } } }`,
	]

	for (const query of queries) {
		const { errors } = await ask(query)

		t.is(errors[0].extensions.code, 'invalid_request', query.slice(0, 80))
	}
})

test('a circle of fragments is refused by its name', async (t) => {
	const { errors } = await ask('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }')

	t.regex(errors[0].message, /within itself/)
})

test('the introspection of GraphiQL is within the limits', async (t) => {
	const { data } = await ask(getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true, oneOf: true }))

	t.is(data.__schema.queryType.name, 'Query')
})
