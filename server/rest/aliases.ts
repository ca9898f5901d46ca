/** Other names that requests may use, and what they stand for: the one place that knows them. */
import { doorKinds } from '../errors.ts'
import { invalid } from '../problem.ts'
import { checkJson } from './json.ts'

type Fields = Record<string, unknown>

/** `job_type` is `type`; a payload that is a text holds JSON; `max_retries` n is `retry_config.max_attempts` n + 1. */
export function resolveJobAliases(body: unknown): unknown {
	if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
	let fields = body as Fields
	if (Object.hasOwn(fields, 'job_type')) fields = rename(fields, 'job_type', 'type')
	if (typeof fields.payload === 'string') fields = { ...fields, payload: parsePayload(fields.payload) }
	if (Object.hasOwn(fields, 'max_retries')) fields = retriesToAttempts(fields)
	return fields
}

/** `status_filter` is `status`. */
export const resolveListAliases = (query: Fields): Fields =>
	Object.hasOwn(query, 'status_filter') ? rename(query, 'status_filter', 'status') : query

function rename(fields: Fields, alias: string, name: string): Fields {
	const { [alias]: value, ...rest } = fields
	if (rest[name] != null) throw invalid(alias, `${alias} is another name of ${name}: give one of them`)
	return { ...rest, [name]: value }
}

function parsePayload(text: string): unknown {
	let payload: unknown
	try {
		payload = JSON.parse(text)
	} catch {
		throw invalid(
			'payload',
			'payload is a text, and a text must hold JSON',
			doorKinds.invalid_payload,
			'Give the payload as a JSON object.',
		)
	}
	checkJson(payload, 'payload', 64)
	return payload
}

function retriesToAttempts(fields: Fields): Fields {
	const { max_retries, ...rest } = fields
	if (max_retries == null) return rest
	if (!Number.isInteger(max_retries) || (max_retries as number) < 0 || (max_retries as number) > 999)
		throw invalid('max_retries', 'max_retries must be a whole number from 0 to 999')
	const config = (rest.retry_config ?? {}) as Fields
	if (typeof config !== 'object') return rest // another error, for others to name
	if (config.max_attempts != null) throw invalid('max_retries', 'max_retries is one less than retry_config.max_attempts: give one of them')
	return { ...rest, retry_config: { ...config, max_attempts: (max_retries as number) + 1 } }
}
