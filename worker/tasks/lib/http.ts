import { z } from 'zod'
import { FatalError, RetryAfterError } from '../../task.ts'
import type { Answer } from './fetch.ts'

const DAY_SECONDS = 86_400

// Ours to set: with these a caller could desynchronise the connection or speak for a proxy (RFC 9110 §7.6.1).
const HOP_HEADERS = /^(connection|content-length|expect|host|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/

/** Fields that the tasks with a request have in common. */
export const requestFields = {
	url: z
		.string()
		.max(4096)
		.regex(/^[Hh][Tt][Tt][Pp][Ss]?:\/\//)
		.refine((url) => URL.canParse(url), 'is no address')
		.refine((url) => !URL.parse(url)?.username && !URL.parse(url)?.password, 'has a user name in it: use a header')
		.describe('A public http or https address; credentials go into headers'),
	headers: z
		.object({})
		.catchall(z.string().regex(/^[^\r\n\0]*$/))
		.refine((headers) => Object.keys(headers).every((name) => HEADER_NAME.test(name)), 'has a malformed header name')
		.refine((headers) => !Object.keys(headers).some((name) => HOP_HEADERS.test(name)), 'has a header that is not for the caller to set')
		.default({})
		.describe('Request headers, by name'),
	body: z.unknown().optional().describe('A text, sent as it is, or any other JSON, sent as JSON'),
	timeout_seconds: z.number().gt(0).max(120).default(30).describe('For the whole exchange, redirects included'),
}

/** The body as text, and the headers with the content type that it needs. */
export function encodeBody(body: unknown, headers: Record<string, string>) {
	if (body === undefined) return { headers }
	const named = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')
	const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'
	return { headers: named ? headers : { ...headers, 'content-type': type }, body: typeof body === 'string' ? body : JSON.stringify(body) }
}

export function contentType({ headers }: Pick<Answer, 'headers'>): { type: string; charset: string } {
	const [type = '', ...parameters] = String(headers['content-type'] ?? '').split(';')
	const charset = parameters.map((parameter) => /^\s*charset\s*=\s*"?([\w-]+)/i.exec(parameter)?.[1]).find(Boolean)
	return { type: type.trim().toLowerCase(), charset: charset ?? 'utf-8' }
}

export const isJson = (type: string) => /^application\/json$|\+json$/.test(type)

/** The body as text, or undefined where it is none; a character that the cap has cut in two at the end is left out. */
export function decodeText(answer: Pick<Answer, 'headers' | 'body' | 'truncated'>): string | undefined {
	try {
		const decoder = new TextDecoder(contentType(answer).charset, { fatal: true })
		return decoder.decode(answer.body, { stream: answer.truncated })
	} catch {
		return undefined
	}
}

/** The error for a status that is not what was wanted: one to retry (429, 5xx), when the server says, or a FatalError. */
export function statusError(answer: Pick<Answer, 'status' | 'headers'>, what: string): Error {
	const text = `${what}: answered ${answer.status}`
	if (answer.status !== 429 && answer.status < 500) return new FatalError(text)
	const seconds = retryAfterSeconds(answer.headers['retry-after'])
	return seconds === undefined ? new Error(text) : new RetryAfterError(seconds, `${text}, to be tried again in ${seconds} s`)
}

/** Seconds from a Retry-After header, in either of its forms. At most a day: a server must not park a job for years. */
export function retryAfterSeconds(header: string | string[] | undefined, now = Date.now()): number | undefined {
	const value = Array.isArray(header) ? header[0] : header
	if (!value) return undefined
	const seconds = /^\s*\d+\s*$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - now) / 1000)
	return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), DAY_SECONDS)
}
