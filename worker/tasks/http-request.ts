import { z } from 'zod'
import { task } from '../task.ts'
import { type Answer, guardedFetch, MAX_RESPONSE_BYTES } from './lib/fetch.ts'
import { contentType, decodeText, encodeBody, isJson, requestFields, statusError } from './lib/http.ts'
import { fitsResult } from './lib/result.ts'

const status = z.int().min(200).max(599)

export const httpRequest = task(
	{
		type: 'http_request',
		description:
			'Sends an HTTP request to a public address and gives the answer back, whatever its status, unless expect_status says otherwise. ' +
			'A body over 1 MiB is cut there and the result says "truncated": true; a body that is no text comes as base64, with body_encoding.',
		payload: z
			.strictObject({
				...requestFields,
				method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('GET').describe('The request method'),
				expect_status: z
					.union([status, z.array(status).min(1).max(20)])
					.optional()
					.describe('Any other status fails the job: 429 and 5xx to be retried, the rest for good'),
			})
			.refine(({ method, body }) => body === undefined || !['GET', 'HEAD'].includes(method), {
				path: ['body'],
				error: 'needs another method',
			}),
		cpuUnits: 0.1,
		memoryMb: 32,
		timeoutSeconds: 150,
	},
	async ({ url, method, headers, body, timeout_seconds, expect_status }, job) => {
		const started = performance.now()
		const answer = await guardedFetch({ url, method, ...encodeBody(body, headers), timeoutSeconds: timeout_seconds, signal: job.signal })
		const duration_ms = Math.round(performance.now() - started)

		job.log.info(`${method} ${URL.parse(url)?.host}: ${answer.status} in ${duration_ms} ms`)
		if (expect_status !== undefined && ![expect_status].flat().includes(answer.status))
			throw statusError(answer, `${method} ${URL.parse(url)?.host}`)
		return { status: answer.status, headers: answer.headers, ...readable(answer), duration_ms }
	},
)

/** The body as JSON where it says that it is, else as text, else as base64. */
function readable(answer: Answer) {
	const truncated = answer.truncated ? { truncated: true } : {}
	const text = decodeText(answer)
	if (text === undefined || text.includes('\0')) return { body: answer.body.toString('base64'), body_encoding: 'base64', ...truncated }
	if (!answer.truncated && isJson(contentType(answer).type)) {
		try {
			const body: unknown = JSON.parse(text)
			// twice the size that came in: what was written compactly there may be longer here
			if (fitsResult(body, 2 * MAX_RESPONSE_BYTES)) return { body }
		} catch {
			// Says JSON and is none: the caller gets what came.
		}
	}
	return { body: text, ...truncated }
}
