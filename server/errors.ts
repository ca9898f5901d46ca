/** The one map from what goes wrong to what a caller is told: HTTP here, gRPC and GraphQL by the same names. */

export interface ErrorKind {
	/** What callers see as `code`, and the end of the problem's `type`. */
	name: string
	http: number
	title: string
	/** What a caller can do about it, where the error itself says nothing nearer. */
	hint: string
}

const kind = (name: string, http: number, title: string, hint: string): ErrorKind => ({ name, http, title, hint })

const invalidRequest = kind('invalid_request', 422, 'A field of the request is not as it must be', 'Mend what is named and send it again.')
const unavailable = kind(
	'database_unavailable',
	503,
	'The database cannot be reached right now',
	'Try again in a moment; under the same idempotency_key nothing is stored twice.',
)
const forbidden = kind('forbidden', 403, 'This caller may not do that', 'Use a key of a role that may.')
const payloadTooLarge = kind('payload_too_large', 413, 'The request is too large', 'Keep the data elsewhere and submit where it is.')

/** What each SQLSTATE that a client can act on means. docs/errors.md says what to do about it; a test holds the two together. */
export const sqlstates: Record<string, ErrorKind> = {
	TQ401: kind('unauthenticated', 401, 'An API key is needed', 'Send Authorization: Bearer taskq_<id>_<secret> with a valid key.'),
	TQ404: kind('not_found', 404, 'There is no such thing', 'Check the id and the path; finished jobs are deleted after JOB_TTL_SECONDS.'),
	TQ409: kind('invalid_state', 409, 'The state of the job or workflow does not allow it', 'Look at it, then decide again.'),
	TQ410: kind('idempotency_conflict', 409, 'The idempotency key belongs to another request', 'Use a new key for a new request.'),
	TQ411: kind('claim_lost', 409, 'The claim is no longer held', 'Stop working on it: it has ended, or it was given to another worker.'),
	TQ412: kind('worker_ended', 409, 'The worker has ended', 'Register again.'),
	TQ413: payloadTooLarge,
	TQ421: kind(
		'unknown_job_type',
		422,
		'No worker has registered this job type',
		'GET /task-types lists the types; start a worker that has it.',
	),
	TQ422: invalidRequest,
	TQ423: kind('unknown_dependency', 422, 'A dependency is no known job', 'Give ids that submitting answered.'),
	TQ424: kind(
		'invalid_payload',
		422,
		'The payload does not fit its job type',
		'Mend the field; GET /task-types shows the schema of the type.',
	),
	TQ425: kind('dependency_cycle', 422, 'The dependencies would form a cycle', 'Leave one of these dependencies out.'),
	'42501': forbidden,
	'53100': kind(
		'database_full',
		507,
		'The database has no space left',
		'Free space where it keeps its data, then send it again; what was accepted before is there, and can be read.',
	),
	'54001': invalidRequest,
	'25006': unavailable,
	'3F000': unavailable,
	'42P01': unavailable,
	'42883': unavailable,
	'55P03': unavailable,
}

/** The same for whole classes of SQLSTATE. */
export const sqlstateClasses: Record<string, ErrorKind> = {
	'08': unavailable,
	'22': invalidRequest,
	'23': invalidRequest,
	'40': unavailable,
	'53': unavailable,
	'57': unavailable,
	'58': unavailable,
}

/** What the doors themselves refuse or run into. */
export const doorKinds = {
	malformed_request: kind('malformed_request', 400, 'The request cannot be read', 'Mend the client.'),
	malformed_json: kind('malformed_json', 400, 'The body is not JSON', 'The body must be one JSON value in UTF-8.'),
	unauthenticated: sqlstates.TQ401!,
	forbidden,
	not_found: sqlstates.TQ404!,
	method_not_allowed: kind(
		'method_not_allowed',
		405,
		'The resource does not take this method',
		'The Allow header lists the methods that it takes.',
	),
	payload_too_large: payloadTooLarge,
	too_many_failures: kind('too_many_failures', 429, 'Too many keys have failed', 'Wait as Retry-After says, and mend the key.'),
	upgrade_required: kind('upgrade_required', 426, 'The resource is a WebSocket', 'Connect with a WebSocket client.'),
	unsupported_media_type: kind(
		'unsupported_media_type',
		415,
		'The body is of a type that is not read here',
		'Send Content-Type: application/json.',
	),
	answer_too_large: kind(
		'answer_too_large',
		422,
		'The answer would be too large',
		'Ask for smaller pages, or leave out payload, result and data.',
	),
	too_slow: kind('too_slow', 503, 'Events came faster than they were read', 'Resume with since and the highest id seen.'),
	invalid_request: invalidRequest,
	invalid_payload: sqlstates.TQ424!,
	unknown_dependency: sqlstates.TQ423!,
	database_unavailable: unavailable,
	too_many_waits: kind('too_many_waits', 503, 'Too many requests wait here', 'Ask without wait, or follow the job at /jobs/stream.'),
	internal: kind('internal', 500, 'Something is broken on this side', "Report it; the server's log has the details."),
} satisfies Record<string, ErrorKind>

/** Every kind by its name. */
export const errorKinds: Record<string, ErrorKind> = Object.fromEntries(
	[...Object.values(sqlstates), ...Object.values(sqlstateClasses), ...Object.values(doorKinds)].map((kind) => [kind.name, kind]),
)

/** What an SQLSTATE means; undefined for one that no caller can act on. */
export const kindOf = (sqlstate: string): ErrorKind | undefined => sqlstates[sqlstate] ?? sqlstateClasses[sqlstate.slice(0, 2)]
