import { readFileSync } from 'node:fs'
import http from 'node:http'
import { Validator } from '@seriousme/openapi-schema-validator'
import test from 'ava'
import type { Application } from 'express'
import { makeLog } from '../../db/log.ts'
import { makeApp } from '../../server/app.ts'
import { doorKinds } from '../../server/errors.ts'
import { operationsOf, resolve } from './openapi/contract.ts'
import { type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

const document = async (): Promise<Json> => (await api.get('/openapi.json')).body
const withoutNames = (path: string) => path.replace(/\{\w+\}|:\w+/g, '0190a0a0-0000-7000-8000-000000000000')

test('the document is valid OpenAPI 3.1, of this version of taskq', async (t) => {
	const validator = new Validator()
	const read = await document()
	const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

	const { valid, errors } = await validator.validate(structuredClone(read))
	const broken = await new Validator().validate({ ...structuredClone(read), paths: { '/x': { get: { responses: 1 } } } })

	t.true(valid, JSON.stringify(errors))
	t.is(validator.version, '3.1')
	t.is(read.info.version, version)
	t.false(broken.valid)
})

test('every reference leads somewhere, every operation has its own id, and every component is used', async (t) => {
	const read = await document()
	const text = JSON.stringify(read)
	const refs = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref!))
	const ids = operationsOf(read).map(({ operation }) => operation.operationId)

	for (const $ref of refs) t.truthy(resolve(read, { $ref }), $ref)
	t.is(new Set(ids).size, ids.length)
	for (const kind of ['schemas', 'responses'])
		for (const name of Object.keys(read.components[kind])) t.true(refs.has(`#/components/${kind}/${name}`), name)
})

/** Where express was given something to answer, other than to everything. */
function installedPaths(app: Application): string[] {
	const { stack } = (app as unknown as { router: { stack: { route?: { path: string } }[] } }).router
	return stack.flatMap(({ route }) => (route ? [route.path] : []))
}

test('no route is installed that the document does not have', async (t) => {
	const options = { log: makeLog('silent'), database: {}, access: {}, submit: {}, waits: {}, checks: {}, doors: [] }
	const app = makeApp(options as never)
	const { paths } = await document()

	const installed = installedPaths(app).map((path) => path.replace(/:(\w+)/g, '{$1}'))
	app.get('/secret', () => {})

	t.deepEqual(
		installed.filter((path) => !paths[path] && !/^\/docs\/[\w-]+\.\w+$/.test(path)),
		[],
	)
	t.true(installed.length > 30)
	t.true(installedPaths(app).includes('/secret'), 'a route that is not documented would be seen')
})

test('a path takes the methods of the document, HEAD and OPTIONS, and no others', async (t) => {
	for (const [path, operations] of Object.entries<Json>((await document()).paths)) {
		if (path === '/graphql') continue // is its own door's
		const taken = Object.keys(operations).map((method) => method.toUpperCase())
		const allow = [...taken, ...(taken.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].toSorted()
		for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) => !taken.includes(method))) {
			const { status, headers, body } = await api.send(method, withoutNames(path))
			t.is(`${status} ${body.code}`, '405 method_not_allowed', `${method} ${path}`)
			t.deepEqual(headers.get('allow')?.split(', ').toSorted(), allow)
		}
		const options = await api.send('OPTIONS', withoutNames(path))
		t.is(options.status, 204)
		t.deepEqual(options.headers.get('allow')?.split(', ').toSorted(), allow)
	}
})

const head = (path: string): Promise<{ status: number; headers: http.IncomingHttpHeaders; bytes: number }> =>
	new Promise((done, fail) => {
		const request = http.request(api.url + path, { method: 'HEAD' }, (answer) => {
			const chunks: Buffer[] = []
			answer.on('data', (chunk: Buffer) => void chunks.push(chunk))
			answer.on('end', () => done({ status: answer.statusCode!, headers: answer.headers, bytes: Buffer.concat(chunks).length }))
		})
		request.on('error', fail).end()
	})

test('HEAD is answered as GET is, without the body', async (t) => {
	const { id } = await api.submit()
	await api.submit()

	for (const path of [`/jobs/${id}`, '/jobs?limit=1', '/queues', '/docs', '/livez', '/openapi.json']) {
		const answer = await head(path)
		const get = await fetch(api.url + path)
		const text = await get.text()

		t.is(answer.status, 200, path)
		t.is(answer.bytes, 0)
		t.is(Number(answer.headers['content-length']), Buffer.byteLength(text), path)
		for (const name of ['etag', 'link', 'content-type']) t.is(answer.headers[name] ?? null, get.headers.get(name), `${path} ${name}`)
	}
	t.is((await head('/jobs/0190a0a0-0000-7000-8000-000000000000')).status, 404)
})

/** The part of a schema that is not null. */
const solid = (schema: Json): Json => schema.anyOf?.find(({ type }: Json) => type !== 'null') ?? schema

test('the document has the fields of a job with the ranges that the database judges by', async (t) => {
	const { components } = await document()
	const fields = await db.rows("select * from taskq_private.request_fields where field not in ('priority')")

	for (const { field, json_type, minimum, maximum, pattern, whole } of fields) {
		const schema = (field as string)
			.split('.')
			.reduce((at: Json, name: string) => solid(at.properties[name]), components.schemas.JobRequest)
		const [low, high] = { string: ['minLength', 'maxLength'], array: ['minItems', 'maxItems'] }[json_type as string] ?? [
			'minimum',
			'maximum',
		]
		if (schema.enum) t.regex(schema.enum.join(), /^cancel,hold$/)
		else {
			t.is(schema[low!] ?? (low === 'minItems' ? 0 : null), minimum === null ? null : Number(minimum), field)
			t.is(schema[high!] ?? null, maximum === null ? null : Number(maximum), field)
			t.is(schema.pattern ?? null, pattern, field)
			if (json_type === 'number') t.is(schema.type, whole ? 'integer' : 'number', field)
		}
	}
	const { max_retries, job_type, ...rest } = components.schemas.JobRequest.properties
	t.deepEqual(
		Object.keys(rest).toSorted(),
		[...fields.map(({ field }) => field).filter((field) => !field.includes('.')), 'priority'].toSorted(),
	)
})

test('every error that a door or the database can answer is documented somewhere', async (t) => {
	const read = await document()
	const codes = new Set<string>(
		Object.values<Json>(read.components.responses).flatMap(
			({ content }) => content['application/problem+json'].schema.allOf[1].properties.code.enum,
		),
	)
	const known: string[] = read.components.schemas.Problem.properties.code.enum

	// of workers' calls, which no route makes; of GraphQL alone; and of the answer to a method that is not there
	const elsewhere = ['claim_lost', 'answer_too_large', 'too_slow', doorKinds.method_not_allowed.name]
	t.deepEqual(known.filter((code) => !codes.has(code)).toSorted(), elsewhere.toSorted())
})

test('the document has an ETag, needs no key, and is not sent again to whoever has it', async (t) => {
	const first = await fetch(`${api.url}/openapi.json`)
	const again = await fetch(`${api.url}/openapi.json`, { headers: { 'If-None-Match': `"x", W/${first.headers.get('etag')}` } })

	t.is(first.status, 200)
	t.is(again.status, 304)
	t.is(await again.text(), '')
})
