/** Larger results than this go to a file: every reader of a job reads its result. */
export const MAX_INLINE_BYTES = 64 * 1024

// What JSON.stringify writes for NUL and for half a surrogate pair, neither of which jsonb takes.
const NOT_JSONB = /\\u(0000|d[89a-f][0-9a-f]{2})/i

/** Whether a value can be stored as (part of) a job's result. */
export function fitsResult(value: unknown, maxBytes = MAX_INLINE_BYTES): boolean {
	const json = JSON.stringify(value) ?? 'null'
	return Buffer.byteLength(json) <= maxBytes && !NOT_JSONB.test(json)
}
