import { z } from 'zod'
import { FatalError, type Job, task } from '../task.ts'
import { parseObjects } from './lib/csv.ts'
import { type Answer, guardedFetch } from './lib/fetch.ts'
import { FILE_NAME, outputDir, writeWhole } from './lib/files.ts'
import { contentType, decodeText, encodeBody, isJson, requestFields, statusError } from './lib/http.ts'
import { fitsResult } from './lib/result.ts'

type Format = 'json' | 'text' | 'csv'

export const dataFetch = task(
	{
		type: 'data_fetch',
		description:
			'Fetches data from a public address. Up to 64 KiB of it come in the result, more is saved to a file in the output folder; ' +
			'over 1 MiB is an error, since half of the data would be wrong data. 429 and 5xx are retried, any other status but 2xx fails.',
		payload: z
			.strictObject({
				...requestFields,
				method: z.enum(['GET', 'POST']).default('GET').describe('The request method'),
				format: z.enum(['json', 'text', 'csv']).optional().describe('How to read the answer; by its content type if left out'),
				save_as: z
					.string()
					.regex(FILE_NAME)
					.optional()
					.describe('Save to this file in the output folder, whatever the size; replaces an older one'),
			})
			.refine(({ method, body }) => body === undefined || method !== 'GET', { path: ['body'], error: 'needs another method' }),
		cpuUnits: 0.1,
		memoryMb: 32,
		timeoutSeconds: 150,
		retry: { maxAttempts: 3 },
	},
	async ({ url, method, headers, body, timeout_seconds, format, save_as }, job) => {
		const what = `${method} ${URL.parse(url)?.host}`
		const answer = await guardedFetch({ url, method, ...encodeBody(body, headers), timeoutSeconds: timeout_seconds, signal: job.signal })
		if (answer.status < 200 || answer.status > 299) throw statusError(answer, what)
		if (answer.truncated) throw new FatalError(`${what}: answered more than 1 MiB`)

		const read = format ?? formatOf(answer)
		const data = await parse(answer, read, what)
		const rows = Array.isArray(data) ? { rows: data.length } : {}
		job.log.info(`${what}: ${answer.body.length} bytes of ${read}`)
		return { status: answer.status, format: read, ...(await keep(answer, data, read, save_as, job)), ...rows }
	},
)

function formatOf(answer: Answer): Format {
	const { type } = contentType(answer)
	if (isJson(type)) return 'json'
	return type === 'text/csv' ? 'csv' : 'text'
}

async function parse(answer: Answer, format: Format, what: string): Promise<unknown> {
	const text = decodeText(answer)
	if (text === undefined) throw new FatalError(`${what}: the answer is not ${contentType(answer).charset} text`)
	if (format === 'text') return text
	try {
		return format === 'json' ? JSON.parse(text) : await parseObjects(text)
	} catch (error) {
		throw new FatalError(`${what}: the answer is not ${format}: ${(error as Error).message}`)
	}
}

async function keep(answer: Answer, data: unknown, format: Format, saveAs: string | undefined, job: Job) {
	if (!saveAs && fitsResult(data)) return { bytes: answer.body.length, data }
	const extension = format === 'text' ? 'txt' : format
	return writeWhole(outputDir(), saveAs ?? `${job.id}.${extension}`, [answer.body], job.signal)
}
