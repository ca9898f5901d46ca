import test from 'ava'
import { checkJson } from '../../server/rest/json.ts'
import { isProblem, type Json, useServer } from './support.ts'

const { db, api } = useServer(test)
const UNKNOWN = '0190a0a0-0000-7000-8000-000000000000'

const job = (name: string, ...depends_on: unknown[]) => ({ name, type: 'echo', depends_on })
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
/** Parents that `count` edges lead to, and children of them, 100 edges each. */
const wide = (count: number) => {
	const names = Array.from({ length: 100 }, (_, i) => `p${i}`)
	return [...names.map((name) => job(name)), ...Array.from({ length: count / 100 }, (_, i) => job(`c${i}`, ...names))]
}

type Refused = [body: unknown, status: number, code: string, field?: string, detail?: RegExp]

const wholes: Record<string, Refused> = {
	'no body at all': [undefined, 422, 'invalid_request', 'body'],
	'malformed JSON': ['{"jobs": [', 400, 'malformed_json'],
	'a list': [[job('a')], 422, 'invalid_request', 'body', /must be an object/],
	'no jobs': [{}, 422, 'invalid_request', 'jobs', /required/],
	'jobs that are no list': [{ jobs: { a: job('a') } }, 422, 'invalid_request', 'jobs', /must be a list/],
	'empty jobs': [{ jobs: [] }, 422, 'invalid_request', 'jobs', /at least one/],
	'an unknown field': [{ jobs: [job('a')], job: 1 }, 422, 'invalid_request', 'job'],
	'an unknown field of the workflow': [{ workflow: { name: 'w', nam: 1 }, jobs: [job('a')] }, 422, 'invalid_request', 'workflow.nam'],
	'a workflow without a name': [{ workflow: {}, jobs: [job('a')] }, 422, 'invalid_request', 'workflow.name', /required/],
	'a workflow with an empty name': [{ workflow: { name: '' }, jobs: [job('a')] }, 422, 'invalid_request', 'workflow.name'],
	'a workflow that is a text': [{ workflow: 'w', jobs: [job('a')] }, 422, 'invalid_request', 'workflow'],
	'workflow metadata over 16 KiB': [
		{ workflow: { name: 'w', metadata: { a: 'x'.repeat(17_000) } }, jobs: [job('a')] },
		...([422, 'invalid_request', 'workflow.metadata'] as const),
	],
	'\\u0000 in the name of the workflow': [{ workflow: { name: 'w\0' }, jobs: [job('a')] }, 422, 'invalid_request', 'workflow.name'],
	'a body over 16 MiB': [{ jobs: [{ ...job('a'), x: 'x'.repeat(17 * 2 ** 20) }] }, 413, 'payload_too_large', undefined, /16 MiB/],
	'more than 100,000 jobs': [{ jobs: Array(100_001).fill({ type: 'echo' }) }, 413, 'payload_too_large', 'jobs'],
	'more than 200,000 edges': [{ jobs: wide(200_100) }, 413, 'payload_too_large', 'depends_on', /200000/],
	'nesting of a million': [`{"jobs":${nested(1_000_000)}}`, 413, 'payload_too_large', 'jobs[0].0'],
}

/** The second of three jobs, named `bad`. */
const members: Record<string, Refused> = {
	'an unknown field': [{ prioritty: 1 }, 422, 'invalid_request', 'jobs[1].prioritty'],
	'a wrong type of a field': [{ queue: 1 }, 422, 'invalid_request', 'jobs[1].queue'],
	'a value out of range': [{ retry_config: { max_attempts: 0 } }, 422, 'invalid_request', 'jobs[1].retry_config.max_attempts'],
	'an unknown type': [{ type: 'no_such_type' }, 422, 'unknown_job_type', 'jobs[1].type'],
	'a payload against its schema': [{ type: 'sleep', payload: { duration: 'x' } }, 422, 'invalid_payload', 'jobs[1].payload.duration'],
	'a payload text that is not JSON': [{ payload: 'hello' }, 422, 'invalid_payload', 'jobs[1].payload'],
	'two names of one field': [{ job_type: 'echo' }, 422, 'invalid_request', 'jobs[1].job_type'],
	'\\u0000 in its payload': [{ payload: { a: 'b\0' } }, 422, 'invalid_request', 'jobs[1].payload.a'],
	'nesting over 64': [{ payload: JSON.parse(nested(65)) }, 413, 'payload_too_large', 'jobs[1].payload'],
	'a payload over 1 MiB': [
		{ payload: 'x'.repeat(2 ** 20).replace(/.*/s, (text) => `"${text}"`) },
		413,
		'payload_too_large',
		'jobs[1].payload',
	],
	'an unknown name': [{ depends_on: ['first', 'nowhere'] }, 422, 'unknown_dependency', 'jobs[1].depends_on', /nowhere/],
	'an unknown id': [{ depends_on: [UNKNOWN] }, 422, 'unknown_dependency', 'jobs[1].depends_on'],
	'a name that another one has': [{ name: 'first' }, 422, 'invalid_request', 'jobs[1].name', /jobs\[0\]/],
	'an edge that is a number': [{ depends_on: [1] }, 422, 'invalid_request', 'jobs[1].depends_on'],
	'an edge without a job': [{ depends_on: [{ condition: 'failure' }] }, 422, 'invalid_request', 'jobs[1].depends_on'],
	'an edge with an unknown field': [{ depends_on: [{ job: 'first', if: 'x' }] }, 422, 'invalid_request', 'jobs[1].depends_on'],
	'an unknown condition': [{ depends_on: [{ job: 'first', condition: 'maybe' }] }, 422, 'invalid_request', 'jobs[1].depends_on'],
	'edges that are a text': [{ depends_on: 'first' }, 422, 'invalid_request', 'jobs[1].depends_on'],
	'one edge under two conditions': [
		{ depends_on: ['first', { job: 'first', condition: 'failure' }] },
		...([422, 'invalid_request', 'jobs[1].depends_on'] as const),
	],
	'over 10,000 edges': [{ depends_on: Array(10_001).fill('first') }, 422, 'invalid_request', 'jobs[1].depends_on', /10000/],
}

for (const [what, [body, status, code, field, detail]] of Object.entries(wholes))
	test(`a batch with ${what} is refused and stores nothing`, async (t) => {
		const answer = await api.post('/jobs/batch', body)

		isProblem(t, answer, status, code, field ? { field } : {})
		if (field) t.true(answer.body.errors.some((error: Json) => error.field === field))
		if (detail) t.regex(answer.body.detail, detail)
		t.is((await db.row('select count(name)::integer as count from taskq.jobs')).count, 0)
		t.is((await db.row('select count(*)::integer from taskq.workflows')).count, 0)
	})

for (const [what, [fields, status, code, field, detail]] of Object.entries(members))
	test(`a batch whose second job has ${what} is refused by its name and stores nothing`, async (t) => {
		const bad = { ...job('bad'), ...(fields as object) }

		const answer = await api.post('/jobs/batch', { workflow: { name: what }, jobs: [job('first'), bad, job('last', 'first')] })

		isProblem(t, answer, status, code, { field })
		t.true(answer.body.detail.startsWith(`jobs[1] "${bad.name}": `), answer.body.detail)
		t.deepEqual(answer.body.errors, [{ field, message: answer.body.detail }])
		if (detail) t.regex(answer.body.detail, detail)
		t.is((await db.row('select count(name)::integer as count from taskq.jobs')).count, 0)
		t.is((await db.row('select count(*)::integer from taskq.workflows')).count, 0)
	})

test('a job that is no object is named by its place', async (t) => {
	for (const bad of [1, null, 'a', []])
		isProblem(t, await api.post('/jobs/batch', { jobs: [job('a'), bad] }), 422, 'invalid_request', { field: 'jobs[1]' })
})

test('every wrong field of a job is named at once', async (t) => {
	const answer = await api.post('/jobs/batch', { jobs: [{ name: 'a', type: 1, queue: 2, nonsense: 3 }] })

	isProblem(t, answer, 422, 'invalid_request')
	t.deepEqual(answer.body.errors.map(({ field }: Json) => field).toSorted(), ['jobs[0].nonsense', 'jobs[0].queue', 'jobs[0].type'])
})

test('what is wrong is told in few words, however much there is', async (t) => {
	const fields = Object.fromEntries(Array.from({ length: 500_000 }, (_, i) => [`field_${i}`, 1]))
	const long = 'x'.repeat(10 * 2 ** 20)

	const many = await api.post('/jobs/batch', { jobs: [{ ...job('a'), ...fields }] })
	const large = await api.post('/jobs/batch', { jobs: [{ ...job('a'), [long]: 1 }] })
	const named = await api.post('/jobs/batch', { jobs: [{ ...job(long), queue: 1 }] })

	for (const answer of [many, large, named]) {
		isProblem(t, answer, 422, 'invalid_request')
		t.true(JSON.stringify(answer.body).length < 50_000)
	}
	t.is(many.body.errors.length, 100)
})

test('values by the million are looked at in no time', (t) => {
	const values = Array(7_000_000).fill(0)

	const before = process.cpuUsage()
	checkJson({ payload: values })

	t.true(process.cpuUsage(before).user < 4_000_000) // some 30 ms; a place made for each took 11 s
})

test('a cycle is refused with its members, and so is a job that waits for itself', async (t) => {
	const cycle = await api.post('/jobs/batch', {
		jobs: [job('start'), job('a', 'start', 'c'), job('b', 'a'), job('c', 'b'), job('end', 'c')],
	})
	const self = await api.post('/jobs/batch', { jobs: [job('a'), job('b', 'a', 'b')] })

	isProblem(t, cycle, 422, 'dependency_cycle')
	t.regex(cycle.body.field, /^jobs\[[123]\]\.depends_on$/)
	t.is(cycle.body.members.length, 4)
	t.is(cycle.body.members[0], cycle.body.members[3])
	t.deepEqual(cycle.body.members.slice(1).toSorted(), ['a', 'b', 'c'])
	isProblem(t, self, 422, 'dependency_cycle', { field: 'jobs[1].depends_on', members: ['b', 'b'] })
})

test('a dependency on a job that has been deleted is refused', async (t) => {
	const { id } = await api.submit()
	await api.send('PATCH', `/jobs/${id}/cancel`)
	await db.query(`select taskq_private.delete_jobs(array[$1::uuid])`, [id])

	const answer = await api.post('/jobs/batch', { jobs: [job('a', id)] })

	isProblem(t, answer, 422, 'unknown_dependency', { field: 'jobs[0].depends_on' })
})
