/** The document (OpenAPI 3.1) of operations: what they take, and every status and error that they answer. */
import { readFileSync } from 'node:fs'
import { type ErrorKind, errorKinds } from '../errors.ts'
import { type HeaderName, headers, requestHeaders } from './headers.ts'
import { toJsonSchema } from './json-schema.ts'
import { type Answer, type Operation, type Routes, tags } from './operation.ts'
import { shownProblem } from './problem-json.ts'

type Json = Record<string, unknown>
type Schemas = Record<string, Json>
interface Components {
	schemas: Schemas
	responses: Schemas
}

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }

const info = {
	title: 'taskq',
	version,
	description: [
		'A task queue that lives in PostgreSQL: priorities, cpu and memory needs, dependencies.',
		'Errors are problems (RFC 9457): decide by `code`. A path answers a method that it does not take with 405 and `Allow`, and a path that is not here 404. Whatever takes GET takes HEAD, and every path takes OPTIONS.',
		'Lists are paged: follow `next_cursor`, or `Link` with `rel="next"`. No key is needed where the server is bound to loopback.',
	].join('\n\n'),
}

/** Headers that errors of a status carry. */
const errorHeaders: Record<number, HeaderName[]> = {
	401: ['WWW-Authenticate'],
	426: ['Upgrade'],
	429: ['Retry-After'],
	503: ['Retry-After'],
}

/** Names of the errors that an operation can answer: its own, and those that follow from what it takes. */
export function errorsOf(
	method: string,
	{ errors = [], params, query, body, open, stores = method !== 'get', handle }: Operation,
): string[] {
	return [
		...new Set([
			...errors,
			...Object.values(params ?? {}).flatMap(({ error }) => ['malformed_request', error]),
			...(query ? ['invalid_request'] : []),
			...(body && handle ? ['malformed_request', 'malformed_json', 'payload_too_large', 'unsupported_media_type', 'invalid_request'] : []),
			...(open ? [] : ['unauthenticated', 'forbidden', 'too_many_failures', 'internal', 'database_unavailable']),
			...(stores && !open ? ['database_full'] : []),
		]),
	]
}

const headersOf = (names: HeaderName[]): Json =>
	names.length ? { headers: Object.fromEntries(names.map((name) => [name, headers[name]])) } : {}

function answerOf(
	{ description, schema, types = ['application/json'], texts = [], headers = [], example }: Answer,
	schemas: Schemas,
): Json {
	const content: Json = Object.fromEntries(texts.map((type) => [type, { schema: { type: 'string' } }]))
	for (const type of schema ? types : [])
		content[type] = { schema: toJsonSchema(schema!, 'output', schemas), ...(example ? { example } : {}) }
	return { description, ...headersOf(headers), ...(Object.keys(content).length ? { content } : {}) }
}

/** What an operation can answer under one status, as a component that others share. */
function problemOf(status: number, kinds: ErrorKind[], { responses }: Components): Json {
	const name = kinds.map((kind) => kind.name).join('.')
	const code = { enum: kinds.map((kind) => kind.name) }
	responses[name] ??= {
		description: kinds.map((kind) => `\`${kind.name}\`: ${kind.title}.`).join('\n\n'),
		...headersOf(errorHeaders[status] ?? []),
		content: {
			'application/problem+json': {
				schema: { allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { status: { const: status }, code } }] },
			},
		},
	}
	return { $ref: `#/components/responses/${name}` }
}

function responsesOf(method: string, operation: Operation, components: Components): Json {
	const answers = Object.entries(operation.answers).map(([status, answer]) => [status, answerOf(answer, components.schemas)])
	const kinds = errorsOf(method, operation).map((name) => errorKinds[name]!)
	const problems = [...Map.groupBy(kinds, ({ http }) => http)].map(([status, ofStatus]) => [
		status,
		problemOf(status, ofStatus, components),
	])
	return Object.fromEntries([...problems, ...answers])
}

/** A description stands with its parameter. */
function parameter(name: string, place: 'path' | 'query' | 'header', { description, ...schema }: Json, required: boolean): Json {
	const style = schema.type === 'array' ? { style: 'form', explode: false } : {}
	return { name, in: place, required, ...(description ? { description } : {}), ...style, schema }
}

function parametersOf({ params = {}, query, takes = [] }: Operation, schemas: Schemas): Json[] {
	const { properties = {}, required = [] } = query
		? (toJsonSchema(query, 'input', schemas) as { properties?: Schemas; required?: string[] })
		: {}
	return [
		...Object.entries(params).map(([name, { schema }]) => parameter(name, 'path', toJsonSchema(schema, 'input', schemas), true)),
		...Object.entries(properties).map(([name, schema]) => parameter(name, 'query', schema, required.includes(name))),
		...takes.map((name) => ({ name, in: 'header', required: false, ...requestHeaders[name] })),
	]
}

function operationOf(method: string, path: string, operation: Operation, components: Components): Json {
	const { summary, description, tag, open, body } = operation
	const parameters = parametersOf(operation, components.schemas)
	const examples = body && Object.fromEntries(Object.entries(body.examples).map(([name, value]) => [name, { value }]))
	const content = body && { 'application/json': { schema: toJsonSchema(body.schema, 'input', components.schemas), examples } }
	return {
		operationId: method + path.replace(/[/:.-]+(\w)/g, (_, letter: string) => letter.toUpperCase()),
		summary,
		...(description ? { description } : {}),
		tags: [tag],
		...(open ? { security: [] } : {}),
		...(parameters.length ? { parameters } : {}),
		...(body ? { requestBody: { required: !body.optional, content } } : {}),
		responses: responsesOf(method, operation, components),
	}
}

/** The document of all routes. */
export function makeDocument(routes: Routes): Json {
	const components: Components = { schemas: {}, responses: {} }
	toJsonSchema(shownProblem, 'output', components.schemas)
	const paths: Record<string, Json> = {}
	for (const [path, operations] of Object.entries(routes))
		paths[path.replace(/:(\w+)/g, '{$1}')] = Object.fromEntries(
			Object.entries(operations).map(([method, operation]) => [method, operationOf(method, path, operation, components)]),
		)
	return {
		openapi: '3.1.0',
		info,
		servers: [{ url: '/' }],
		security: [{ key: [] }, {}],
		tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
		paths,
		components: {
			...components,
			securitySchemes: {
				key: { type: 'http', scheme: 'bearer', description: 'An API key: `taskq_<id>_<secret>`. `npm run key` makes one.' },
			},
		},
	}
}
