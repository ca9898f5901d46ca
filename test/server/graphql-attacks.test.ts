import test from 'ava'
import { getIntrospectionQuery } from 'postgraphile/graphql'
import { makeAsk, statements } from './graphql-support.ts'
import { type Json, useServer } from './support.ts'

const { api } = useServer(test)
const ask = makeAsk(api)

const repeat = (count: number, make: (n: number) => string, between = ' ') => Array.from({ length: count }, (_, n) => make(n)).join(between)

const pages = 'jobs(first: 200) { nodes { logs(first: 200) { nodes { level } } executions(first: 200) { nodes { attempt } } } }'
/** Three levels each: the jobs of a workflow, and the workflow of those. */
const deepJobs = (times: number): string => (times === 0 ? 'name' : `jobs(first: 1) { nodes { workflow { ${deepJobs(times - 1)} } } }`)

const documents: Record<string, [document: string, message: RegExp]> = {
	'50 levels deep': [`{ workflow(workflowId: "0190a0a0-0000-7000-8000-000000000000") { ${deepJobs(16)} } }`, /50 levels deep/],
	'13 levels deep': [
		'{ jobs(first: 1) { nodes { dependents { nodes { job { dependents { nodes { job { dependents { nodes { job { dependents { totalCount } } } } } } } } } } } } }',
		/13 levels deep/,
	],
	'1,000 aliases': [`{ ${repeat(1000, (n) => `a${n}: __typename`)} }`, /50 aliases/],
	'51 aliases below the root': [`{ queues { nodes { ${repeat(51, (n) => `a${n}: queue`)} } } }`, /50 aliases/],
	'20 pages of everything': [`{ ${repeat(20, (n) => `a${n}: ${pages}`)} }`, /1604000 rows/],
	'first of 1e9': ['{ jobs(first: 1000000000) { nodes { jobId } } }', /1 to 200 rows/],
	'pages within pages': [
		'{ jobs(first: 200) { nodes { dependents(first: 200) { nodes { job { logs(first: 200) { nodes { level } } } } } } } }',
		/8080200 rows/,
	],
	'edges and nodes': [
		`{ jobs(first: 200) { nodes { logs(first: 200) { totalCount } } edges { node { logs(first: 200) { totalCount } } } } }`,
		/80200 rows/,
	],
	'pages by a variable': [
		`query ($n: PageSize! = 200) { jobs(first: $n) { nodes { logs(first: $n) { totalCount } executions(first: $n) { totalCount } } } }`,
		/80200 rows/,
	],
	'pages in a fragment': [
		`{ jobs(first: 200) { ...A } } fragment A on JobConnection { nodes { logs(first: 200) { totalCount } executions(first: 200) { totalCount } } }`,
		/80200 rows/,
	],
	'fragments in a circle': ['{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }', /within itself/],
	'a fragment in itself': ['{ queues { ...A } } fragment A on QueueConnection { nodes { queue } ...A }', /within itself/],
	'fragments that double': [
		`{ ...F0 } ${repeat(30, (n) => `fragment F${n} on Query { ...F${n + 1} __typename ...F${n + 1} }`)} fragment F30 on Query { __typename }`,
		/more than 1000 fields/,
	],
	'directives a thousandfold': [`{ __typename ${repeat(1000, () => '@skip(if: false)')} }`, /50 directives/],
	'fields a thousandfold': [`{ queues { nodes { ${'queue '.repeat(1001)} } } }`, /1000 fields/],
	'21 fields at the root': [`{ ${'__typename '.repeat(21)} }`, /20 fields/],
	'21 fields at the root of a fragment': [`{ ...A } fragment A on Query { ${'__typename '.repeat(21)} }`, /20 fields/],
	'100 operations': [repeat(100, (n) => `query Q${n} { __typename }`), /20 operations/],
	'10,001 tokens': [`{ ${'__typename '.repeat(10_001)} }`, /10000 tokens/],
	'deep lists as values': [
		`mutation { submitJob(input: { type: "echo", payload: ${'['.repeat(300)}${']'.repeat(300)} }) { clientMutationId } }`,
		/nested more than 200/,
	],
	'deep selections': [`${'{ a '.repeat(5000)}${'}'.repeat(5000)}`, /nested more than 200/],
	'introspection of introspection': [
		'{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }',
		/introspection/,
	],
	'a NUL in a text': ['{ queue(queue: "a\\u0000") { queue } }', /u0000/],
	'half a character in a text': ['{ queue(queue: "\\ud800") { queue } }', /Unicode/],
	'no field': ['{ nothing }', /nothing/],
	'no document': ['}{', /Syntax/],
	'a cursor of another list': ['{ queues(after: "AaHisbP5dtiuiS1X3yPJBA") { nodes { queue } } }', /cursor/],
	'no cursor': ['{ jobs(after: "x\\u00e9") { nodes { jobId } } }', /cursor/],
	'a wrong id': ['{ job(jobId: "x") { jobId } }', /UUID/],
}

for (const [name, [document, message]] of Object.entries(documents)) {
	test.serial(`refused with a name and a hint, at no cost to the database: ${name}`, async (t) => {
		await ask('{ __typename }')
		statements.length = 0

		const { errors } = await ask(document)

		t.is(errors?.[0].extensions?.code, 'invalid_request', JSON.stringify(errors)?.slice(0, 300))
		t.is(typeof errors[0].extensions.hint, 'string')
		t.regex(errors[0].message, message)
		t.deepEqual(statements, [])
	})
}

const SUBMIT = 'mutation ($payload: JSON) { submitJob(input: { type: "echo", payload: $payload }) { submitted { jobId } } }'
let deep: unknown = 0
for (let n = 0; n < 10_000; n++) deep = [deep]
const values: Record<string, [value: unknown, code: string]> = {
	'a NUL': [{ a: ['x\0'] }, 'invalid_request'],
	'a NUL in a name': [{ 'a\0': 1 }, 'invalid_request'],
	'half a character': ['\ud800', 'invalid_request'],
	'lists 10,000 deep': [deep, 'payload_too_large'],
}

for (const [name, [payload, code]] of Object.entries(values)) {
	test.serial(`a value that cannot be stored is refused before it is sent: ${name}`, async (t) => {
		await ask('{ __typename }')
		statements.length = 0

		const { errors } = await ask(SUBMIT, { payload })

		t.is(errors[0].extensions.code, code)
		t.deepEqual(statements, [])
	})
}

test.serial('names of JavaScript are names like others', async (t) => {
	const payload = JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}')
	const body = `{"query": ${JSON.stringify(SUBMIT)}, "variables": {"payload": ${JSON.stringify(payload)}, "__proto__": {"first": 1}}}`

	const { body: answer } = await api.post('/graphql', body, { 'Content-Type': 'application/json' })
	const { data } = await ask('query ($id: UUID!) { job(jobId: $id) { payload } }', { id: answer.data.submitJob.submitted.jobId })

	t.deepEqual(Object.keys(data.job.payload).toSorted(), ['__proto__', 'constructor'])
	t.is(({} as Json).polluted, undefined)
})

test.serial('a body that is no request is refused with a name and a hint', async (t) => {
	await ask('{ __typename }')
	const json = { 'Content-Type': 'application/json' }
	const query = '{ __typename }'
	const bodies: [body: string | Uint8Array, headers: Record<string, string>, status: number, code: string][] = [
		[JSON.stringify(Array.from({ length: 100 }, () => ({ query }))), json, 422, 'invalid_request'],
		['{"query"', json, 400, 'malformed_json'],
		['"x"', json, 422, 'invalid_request'],
		['', json, 422, 'invalid_request'],
		[new Uint8Array([0x22, 0xff, 0x22]), json, 400, 'malformed_json'],
		['{"query": 3}', json, 422, 'invalid_request'],
		[`{"query": "${'#'.repeat(2 ** 21)}"}`, json, 413, 'payload_too_large'],
		[JSON.stringify({ query }), { 'Content-Type': 'text/plain' }, 415, 'unsupported_media_type'],
		[JSON.stringify({ query, variables: [1] }), json, 422, 'invalid_request'],
	]
	statements.length = 0

	for (const [body, headers, status, code] of bodies) {
		const answer = await api.post('/graphql', body, headers)

		t.is(answer.status, status, JSON.stringify(answer.body))
		t.is(answer.body.errors[0].extensions.code, code)
		t.is(typeof answer.body.errors[0].extensions.hint, 'string')
	}
	t.deepEqual(statements, [])
})

test.serial('what may be asked is answered', async (t) => {
	const full = getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true, oneOf: true, directiveIsRepeatable: true })
	const jobs = `{ jobs { nodes { jobId executions { nodes { attempt worker { name } } } logs { nodes { message } }
		dependencies { nodes { condition dependsOn { status } } } dependents { nodes { job { status } } } workflow { name } } } }`

	statements.length = 0
	for (const query of [full, jobs]) t.is((await ask(query)).errors, undefined)
	t.true(statements.length > 0, 'statements are seen')
})

test.serial('an answer larger than 16 MiB is not received', async (t) => {
	const payload = { text: 'x'.repeat(900_000) }
	for (let n = 0; n < 20; n++) await api.submit({ queue: 'large', payload })
	const list = (first: number) => ask(`{ jobs(first: ${first}, filter: { queue: ["large"] }) { nodes { payload } } }`)

	const tooLarge = await list(20)
	const fits = await list(10)

	t.is(tooLarge.errors[0].extensions.code, 'answer_too_large')
	t.is(fits.data.jobs.nodes.length, 10)
})
