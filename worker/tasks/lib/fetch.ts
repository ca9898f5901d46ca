import { isIP } from 'node:net'
import { Agent, type Dispatcher, request } from 'undici'
import { FatalError } from '../../task.ts'
import { assertAllowed, guardedLookup, type Resolve } from './addresses.ts'

const MAX_REDIRECTS = 3
export const MAX_RESPONSE_BYTES = 1024 * 1024

const CREDENTIAL = /auth|cookie|token|secret|session|password|credential|api-?key/i

export interface Question {
	url: string
	method: string
	headers: Record<string, string>
	body?: string | undefined
	timeoutSeconds: number
	signal: AbortSignal
	/** Another resolver than the system's, for tests. */
	resolve?: Resolve
}

export interface Answer {
	/** Where the answer came from, after redirects. */
	url: string
	status: number
	headers: Record<string, string | string[] | undefined>
	/** At most MAX_RESPONSE_BYTES of it. */
	body: Buffer
	truncated: boolean
}

/**
 * Sends one HTTP request to a public address and follows at most 3 redirects, each checked as the first was. Proxies
 * from the environment are not used: they would dial for us, unchecked.
 *
 * @throws FatalError for what is refused; any other Error may be retried.
 */
export async function guardedFetch(question: Question): Promise<Answer> {
	const deadline = AbortSignal.timeout(question.timeoutSeconds * 1000)
	const signal = AbortSignal.any([question.signal, deadline])
	const agent = new Agent({ allowH2: false, connect: { lookup: guardedLookup(question.resolve) } })
	try {
		return await follow(question, agent, signal)
	} catch (error) {
		question.signal.throwIfAborted()
		throw deadline.aborted ? new Error(`${where(question)}: no answer within ${question.timeoutSeconds} s`) : explain(error, question)
	} finally {
		await agent.destroy()
	}
}

async function follow(question: Question, agent: Agent, signal: AbortSignal): Promise<Answer> {
	let { url, method, headers, body } = question
	for (let redirects = 0; ; redirects++) {
		const target = checkUrl(url)
		const response = await request(target, {
			dispatcher: agent,
			method: method as Dispatcher.HttpMethod,
			headers,
			body: body ?? null,
			signal,
		})
		const location = redirectOf(response)
		if (!location) return { url, status: response.statusCode, headers: response.headers, ...(await readBody(response.body)) }

		response.body.on('error', () => {}).destroy()
		if (redirects === MAX_REDIRECTS) throw new FatalError(`${where(question)}: more than ${MAX_REDIRECTS} redirects`)
		const next = URL.parse(location, url)
		if (!next) throw new FatalError(`${where(question)}: redirected to something that is no address`)
		if (next.origin !== target.origin) headers = without(headers, CREDENTIAL)
		const { statusCode: status } = response
		if ((status === 303 && method !== 'HEAD') || (status < 303 && method === 'POST')) {
			method = 'GET'
			body = undefined
			headers = without(headers, /^content-/i)
		}
		url = next.href
	}
}

function redirectOf({ statusCode, headers }: Dispatcher.ResponseData): string | undefined {
	if (![301, 302, 303, 307, 308].includes(statusCode)) return undefined
	return Array.isArray(headers.location) ? headers.location[0] : headers.location
}

/** What the URL itself gives away; a name's addresses are tested by the agent's lookup, which sockets skip for a bare address. */
function checkUrl(url: string): URL {
	const target = URL.parse(url)
	if (!target || !['http:', 'https:'].includes(target.protocol))
		throw new FatalError(`${target?.protocol ?? 'this'} is no http or https address`)
	if (target.username || target.password) throw new FatalError(`the address of ${target.host} has a user name in it: use a header`)
	const host = target.hostname.replace(/^\[|\]$/g, '')
	if (isIP(host)) assertAllowed(host, host)
	return target
}

async function readBody(stream: AsyncIterable<Buffer>): Promise<{ body: Buffer; truncated: boolean }> {
	const chunks: Buffer[] = []
	let bytes = 0
	for await (const chunk of stream) {
		chunks.push(chunk)
		bytes += chunk.length
		if (bytes > MAX_RESPONSE_BYTES) break
	}
	return { body: Buffer.concat(chunks).subarray(0, MAX_RESPONSE_BYTES), truncated: bytes > MAX_RESPONSE_BYTES }
}

const without = (headers: Record<string, string>, pattern: RegExp) =>
	Object.fromEntries(Object.entries(headers).filter(([name]) => !pattern.test(name)))

/** The request without its query, which may hold secrets. */
function where({ method, url }: Pick<Question, 'method' | 'url'>): string {
	const target = URL.parse(url)
	return `${method} ${target ? target.origin + target.pathname : 'address'}`
}

function explain(error: unknown, question: Question): unknown {
	if (error instanceof FatalError) return error
	const { code = '', message = '' } = error as { code?: string; message?: string }
	const text = `${where(question)}: ${message || code || 'failed'}`
	// undici found the request itself malformed: a retry would send the same
	return ['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED'].includes(code) ? new FatalError(text) : new Error(text, { cause: error })
}
