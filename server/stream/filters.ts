import { z } from 'zod'
import { check } from '../rest/check.ts'
import type { Message, Topic } from './messages.ts'

const TOPICS = ['job', 'job_log', 'queue', 'resource', 'workflow'] as const
export const EVENTS = [
	...['job_submitted', 'job_ready', 'job_started', 'job_progress', 'job_completed', 'job_failed', 'job_retrying', 'job_cancelled'],
	...['job_replayed', 'job_blocked', 'job_log', 'queue_paused', 'queue_resumed'],
	...['workflow_submitted', 'workflow_resumed', 'workflow_completed', 'workflow_failed', 'workflow_cancelled'],
]

/** `a,b` in a query, a text or a list in a message. */
const names = z
	.union([z.string(), z.array(z.string())], 'must be a text or a list of texts')
	.transform((value) => [value].flat().flatMap((text) => text.split(',')))
	.refine((given) => given.every((name) => name !== ''), 'must not be empty')
const among = (known: readonly string[]) =>
	names.refine((given) => given.every((name) => known.includes(name)), `must be of ${known.join(', ')}`)
const idsOf = (what: string) =>
	names
		.refine((given) => given.every((id) => z.guid().safeParse(id).success), `must be ids of ${what}`)
		.transform((given) => given.map((id) => id.toLowerCase()))
const since = z
	.union(
		[
			z.int().min(0),
			z
				.string()
				.regex(/^\d{1,15}$/)
				.transform(Number),
		],
		'must be the id of an event',
	)
	.optional()

const filters = {
	job: idsOf('jobs').optional(),
	workflow: idsOf('workflows').optional(),
	type: names.optional(),
	queue: names.optional(),
	event: among(EVENTS).optional(),
	topics: among(TOPICS).optional(),
}
const querySchema = z.strictObject({ ...filters, since })
const messageSchema = z.strictObject({
	action: z.literal('subscribe'),
	filters: z.strictObject(filters).default({}),
	since,
})

export type Filters = z.output<z.ZodObject<typeof filters>> & { topics: readonly Topic[] }

/** What a client asks for: which messages, and from where on. */
export interface Subscription {
	filters: Filters
	since: number | undefined
}

/** Reads the query of a connection. Throws a Problem that names what is wrong. */
export function readSubscriptionQuery(params: URLSearchParams): Subscription {
	const query = Object.fromEntries([...new Set(params.keys())].map((name) => [name, params.getAll(name).join(',')]))
	const { since, ...filters } = check(querySchema, query, 'this query')
	return { filters: withTopics(filters), since }
}

/** Reads a message `{"action": "subscribe", "filters": {…}, "since": n}`. Throws a Problem that names what is wrong. */
export function readSubscriptionMessage(message: unknown): Subscription {
	const { filters, since } = check(messageSchema, message, 'a message')
	return { filters: withTopics(filters), since }
}

/** Messages about jobs do not know their workflow, so whoever asks for a workflow means its own messages. */
const withTopics = ({ topics, ...rest }: z.output<z.ZodObject<typeof filters>>): Filters => ({
	...rest,
	topics: (topics as Topic[] | undefined) ?? [rest.workflow ? 'workflow' : 'job'],
})

const passes = (wanted: string[] | undefined, value: string | null) => !wanted || (value !== null && wanted.includes(value))

/** Whether these filters let a message through. `event` chooses among events of jobs, queues and workflows; log lines have but one. */
export function matches({ job, type, queue, workflow, event, topics }: Filters, message: Message): boolean {
	if (!topics.includes(message.topic) || !passes(queue, message.queue) || !passes(workflow, message.workflow)) return false
	if (message.topic !== 'job_log' && !passes(event, message.event)) return false
	return message.job === null ? !job && !type : passes(job, message.job.id) && passes(type, message.job.type)
}
