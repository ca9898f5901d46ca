/** Holds answers against the document: status, media type, body and headers. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { Json } from '../support.ts'

export interface Request {
	method: string
	path: string
	body?: unknown
	headers?: Record<string, string>
}

export interface RawAnswer {
	status: number
	headers: Headers
	text: string
}

export interface Contract {
	document: Json
	/** Sends a request and notes what is not as the document has it. */
	send: (request: Request, url?: string) => Promise<RawAnswer & { body: Json }>
	/** Answers that are not documented, each in words. */
	breaches: string[]
	/** `GET /jobs/{id} 404 not_found`: what has been answered. */
	seen: Set<string>
	/** The same of everything that is documented. */
	documented: () => string[]
}

/** Headers that say something about the one answer; others are on all. */
const TOLD = ['location', 'etag', 'link', 'retry-after', 'www-authenticate', 'upgrade', 'allow']

/** The path of the document that a path of a request is of; one without names is nearer. */
export function templateOf(document: Json, path: string): string | undefined {
	const parts = path.split('?')[0]!.split('/')
	const fits = Object.keys(document.paths).filter((template) => {
		const names = template.split('/')
		return names.length === parts.length && names.every((name, n) => name === parts[n] || (name.startsWith('{') && parts[n] !== ''))
	})
	return fits.toSorted((a, b) => a.split('{').length - b.split('{').length)[0]
}

export const resolve = (document: Json, { $ref, ...rest }: Json): Json =>
	$ref
		? ($ref as string)
				.slice(2)
				.split('/')
				.reduce((at, name) => at[name], document)
		: rest

export async function sendRaw(url: string, { method, path, body, headers = {} }: Request): Promise<RawAnswer> {
	const raw = typeof body === 'string' || body instanceof Uint8Array
	const response = await fetch(url + path, {
		method,
		headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
		...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
		redirect: 'manual',
	})
	return { status: response.status, headers: response.headers, text: await response.text() }
}

function makeValidator(document: Json) {
	const ajv = formats.default(new Ajv2020({ strict: false, allErrors: true }))
	ajv.addSchema(document, 'document')
	return (pointer: string[], value: unknown): string | undefined => {
		const $ref = `document#/${pointer.map((name) => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`
		const validate = ajv.getSchema($ref) ?? ajv.compile({ $ref })
		return validate(value) ? undefined : ajv.errorsText(validate.errors)
	}
}

const parse = (text: string): Json => {
	try {
		return JSON.parse(text)
	} catch {
		return undefined
	}
}

export function makeContract(document: Json, url: string): Contract {
	const validate = makeValidator(document)
	const seen = new Set<string>()
	const breaches: string[] = []

	function faultOf(method: string, template: string, { status, headers, text }: RawAnswer): string | undefined {
		const pointer = ['paths', template, method, 'responses', String(status)]
		const found = document.paths[template][method].responses[status]
		if (!found) return `status ${status} is not documented: ${text.slice(0, 300)}`
		const { content, headers: told = {} } = resolve(document, found)
		const names = Object.keys(told).map((name) => name.toLowerCase())
		const strange = TOLD.filter((name) => headers.has(name) && !names.includes(name))
		if (strange.length) return `${status} has headers that are not documented: ${strange}`
		const missing = Object.entries<Json>(told).filter(([name, { required }]) => required && !headers.has(name))
		if (missing.length) return `${status} lacks the header ${missing.map(([name]) => name)}`
		if (!content) return text === '' ? undefined : `${status} has content: ${text.slice(0, 300)}`
		const [type] = (headers.get('content-type') ?? '').split(';')
		if (!content[type!]) return `${status} is of the type ${type}`
		if (!type!.endsWith('json')) return undefined
		const at = found.$ref ? found.$ref.slice(2).split('/') : pointer
		const fault = validate([...at, 'content', type!, 'schema'], parse(text))
		return fault && `${status}: ${fault}: ${text.slice(0, 500)}`
	}

	return {
		document,
		breaches,
		seen,
		async send(request, to = url) {
			const answer = await sendRaw(to, request)
			const method = request.method.toLowerCase()
			const template = templateOf(document, request.path)
			if (!template || !document.paths[template][method]) throw new Error(`${request.method} ${request.path} is not in the document`)
			const body = parse(answer.text)
			const fault = faultOf(method, template, answer)
			if (fault) breaches.push(`${request.method} ${request.path}: ${fault}`)
			const code = answer.headers.get('content-type')?.startsWith('application/problem+json') ? ` ${body?.code}` : ''
			seen.add(`${request.method} ${template} ${answer.status}${code}`)
			return { ...answer, body }
		},
		documented: () => operationsOf(document).flatMap(({ method, template, operation }) => namesOf(document, method, template, operation)),
	}
}

export interface Described {
	method: string
	template: string
	operation: Json
}

export const operationsOf = (document: Json): Described[] =>
	Object.entries<Json>(document.paths).flatMap(([template, methods]) =>
		Object.entries<Json>(methods).map(([method, operation]) => ({ method: method.toUpperCase(), template, operation })),
	)

function namesOf(document: Json, method: string, template: string, { responses }: Json): string[] {
	return Object.entries<Json>(responses).flatMap(([status, response]) => {
		const problem = resolve(document, response).content?.['application/problem+json']
		const codes: string[] | undefined = problem?.schema.allOf[1].properties.code.enum
		return codes ? codes.map((code) => `${method} ${template} ${status} ${code}`) : [`${method} ${template} ${status}`]
	})
}
