import test from 'ava'
import fc from 'fast-check'
import { operationsOf } from '../server/openapi/contract.ts'
import { type Json, useServer } from '../server/support.ts'
import { claim, registerWorker } from '../support/db.ts'
import { prototypes, sql } from './corpus.ts'
import { fingerprint } from './support.ts'

const { db, api } = useServer(test)

/** Lists, and what they answer their rows under. */
const lists: Record<string, string> = {
	'/jobs': 'jobs',
	'/workflows': 'workflows',
	'/dead-letters': 'dead_letters',
	'/concurrency-keys': 'concurrency_keys',
}
const texts = [...sql, ...prototypes]

interface Filter {
	path: string
	name: string
}

async function filters(): Promise<Filter[]> {
	const { paths } = (await api.get('/openapi.json')).body
	const given = Object.keys(lists).flatMap((path) =>
		paths[path].get.parameters.filter(({ in: place }: Json) => place === 'query').map(({ name }: Json) => ({ path, name })),
	)
	return [
		...given,
		{ path: '/jobs', name: 'status_filter' },
		{ path: '/jobs', name: 'metadata.customer' },
		{ path: '/jobs', name: "metadata.a'b" },
	]
}

/** Sends a text through a filter; answers what is wrong with what comes back. */
async function fault({ path, name }: Filter, text: string): Promise<string | undefined> {
	const { status, body } = await api.get(`${path}?${encodeURIComponent(name)}=${encodeURIComponent(text)}`)
	if (status !== 200 && status !== 422) return `${path}?${name}=${text}: ${status} ${JSON.stringify(body)}`
	const rows: Json[] = status === 200 ? body[lists[path]!] : []
	if ((name === 'metadata' && text === '{}') || (name === 'total' && text === 'true')) return undefined // is none
	// nothing here has such a value, so a row that comes is one of another filter; `after` tells where to go on
	return rows.length && name !== 'after' ? `${path}?${name}=${text} answered ${rows.length} rows` : undefined
}

test.before(async () => {
	for (;;) {
		try {
			await api.submit({ metadata: { customer: 'acme' } })
			break
		} catch {
			await new Promise((resolve) => setTimeout(resolve, 50)) // the server of this file is on its way
		}
	}
	await api.post('/jobs/batch', { workflow: { name: 'w' }, jobs: [{ type: 'echo' }] })
	await api.send('PUT', '/concurrency-keys/acme', { max_running: 1 })
	const worker = await registerWorker(db, { types: ['echo'], queues: ['letters'] })
	const { id } = await api.submit({ queue: 'letters' })
	const { claim_id } = await claim(db, worker)
	await claim(db, worker, 0, [{ claim_id: claim_id!, job_id: id, outcome: 'failed', fatal: true, error: { name: 'Error', message: 'no' } }])
})

test.serial('no text of the corpus in any filter is more than a value', async (t) => {
	const all = await filters()
	const before = await fingerprint(db)
	const started = performance.now()

	const faults: string[] = []
	for (const filter of all) {
		const found = await Promise.all(texts.map((text) => fault(filter, text)))
		faults.push(...found.filter((one) => one !== undefined))
	}

	t.true(all.length > 20)
	t.deepEqual(faults, [])
	t.deepEqual(await fingerprint(db), before)
	t.log(`${all.length * texts.length} requests in ${Math.round(performance.now() - started)} ms`)
})

test.serial('no text whatever in any filter is more than a value', async (t) => {
	const all = await filters()
	const before = await fingerprint(db)
	const text = fc.oneof(
		fc.string({ unit: 'binary' }),
		fc.string(),
		fc.constantFrom(...sql).chain((a) => fc.constantFrom(...sql).map((b) => a + b)),
	)
	const odd = text.filter((value) => value !== '' && !/^[\s,]*$/.test(value) && !/^\d+$/.test(value))

	await fc.assert(
		fc.asyncProperty(fc.constantFrom(...all), odd, async (filter, value) => {
			const found = await fault(filter, value.toWellFormed())
			if (found) throw new Error(found)
		}),
		{ numRuns: 300 },
	)

	t.deepEqual(await fingerprint(db), before)
})

test.serial('no text of the corpus in a path is more than a name', async (t) => {
	const document = (await api.get('/openapi.json')).body
	const before = await fingerprint(db)
	const named = operationsOf(document).filter(({ method, template }) => template.includes('{') && method !== 'PUT')

	const strange: string[] = []
	for (const { method, template } of named) {
		const answers = await Promise.all(
			texts.map(async (text) => ({ text, ...(await api.send(method, template.replace(/\{\w+\}/, encodeURIComponent(text)))) })),
		)
		for (const { text, status } of answers)
			if (status >= 500 || (status < 300 && !template.endsWith('/limit'))) strange.push(`${method} ${template} ${text}: ${status}`)
	}

	t.deepEqual(strange, [])
	t.deepEqual(await fingerprint(db), before)
})

test.serial('every text of the corpus in a body is stored as it is, or refused', async (t) => {
	const fields = [
		'name',
		'queue',
		'type',
		'idempotency_key',
		'concurrency_key',
		'trace_context',
		'run_at',
		'on_dependency_failure',
		'created_by',
	]
	for (const text of texts) {
		const metadata = { [text]: text }
		const { status, body } = await api.post('/jobs', {
			type: 'echo',
			payload: { [text]: [text] },
			metadata,
			name: text,
			concurrency_key: text,
		})
		t.is(status, 201, text)
		const job = (await api.get(`/jobs/${body.id}`)).body
		t.like(job, { name: text, concurrency_key: text })
		// as it is shown: a name such as api_key hides its value
		const { payload } = await db.row('select taskq.redact($1) as payload', [{ [text]: [text] }])
		const shown = await db.row('select taskq.redact($1) as metadata', [metadata])
		t.deepEqual([job.payload, job.metadata], [payload, shown.metadata])
		t.deepEqual(await db.row('select payload, metadata from taskq_private.job_specs where job_id = $1', [body.id]), {
			payload: { [text]: [text] },
			metadata,
		})
		t.is((await api.get(`/jobs?metadata=${encodeURIComponent(JSON.stringify(metadata))}`)).body.jobs.length, 1)
		const answers = await Promise.all(fields.map((field) => api.post('/jobs', { type: 'echo', [field]: text })))
		for (const [n, answer] of answers.entries())
			t.true([200, 201, 409, 422].includes(answer.status), `${fields[n]} ${text}: ${answer.status}`)
	}
	t.deepEqual(Object.getOwnPropertyNames(Object.prototype).length, 12)
})
