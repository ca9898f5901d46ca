import type { Outcome } from '../db/calls.ts'

/** What a job may leave behind; larger things belong elsewhere. */
const MAX_RESULT_BYTES = 1 << 20

/** jsonb takes neither NUL nor half a surrogate pair. They are kept, escaped, so that what happened is still recorded. */
const UNSTORABLE = /\\u0000|\\ud[89a-f]/i

/** Outcomes as the JSON text that `claim_next_job` takes. A result that JSON cannot hold fails its job and harms no other. */
export function encodeOutcomes(outcomes: Outcome[]): string {
	let text = tryJson(outcomes)
	if (text === undefined || text.length > MAX_RESULT_BYTES) {
		const storable = outcomes.map(withStorableResult)
		text =
			tryJson(storable) ??
			JSON.stringify(storable.map((outcome) => (tryJson(outcome) ? outcome : withoutPayload(outcome, 'it is not JSON'))))
	}
	return UNSTORABLE.test(text) ? escapeUnstorable(JSON.parse(text)) : text
}

function tryJson(value: unknown): string | undefined {
	try {
		return JSON.stringify(value)
	} catch {
		return undefined
	}
}

/** The JSON text of any value, storable as jsonb. */
export function encodeJson(value: unknown): string {
	const text = JSON.stringify(value) ?? 'null'
	return UNSTORABLE.test(text) ? escapeUnstorable(JSON.parse(text)) : text
}

function withStorableResult(outcome: Outcome): Outcome {
	const fail = (message: string): Outcome => ({
		...outcome,
		outcome: 'failed',
		result: undefined,
		fatal: true,
		error: { name: 'ResultError', message },
	})
	try {
		const size = JSON.stringify(outcome.result ?? null).length
		return size > MAX_RESULT_BYTES
			? fail(`the result takes ${size} bytes, more than the ${MAX_RESULT_BYTES} that can be stored; store it elsewhere`)
			: outcome
	} catch (error) {
		return fail(`the result is not JSON: ${(error as Error).message}`)
	}
}

/** What is left to say of an outcome that the database could not store. */
export const withoutPayload = ({ claim_id, job_id, duration_seconds }: Outcome, reason: string): Outcome => ({
	...{ claim_id, job_id, duration_seconds, outcome: 'failed', fatal: true },
	error: { name: 'ResultError', message: `what the job left behind cannot be stored: ${reason}` },
})

const escapeText = (text: string): string => (text.isWellFormed() ? text : JSON.stringify(text).slice(1, -1)).replaceAll('\0', '\\u0000')

function escapeUnstorable(value: unknown): string {
	return JSON.stringify(value, (_key, item) => {
		if (typeof item === 'string') return escapeText(item)
		if (item === null || typeof item !== 'object' || Array.isArray(item)) return item
		return Object.fromEntries(Object.entries(item).map(([name, inner]) => [escapeText(name), inner]))
	})
}
