/** The fields of Subscription: what happens to one job, workflow or queue, or what one job logs, as it happens. */
import { context, type FieldArgs, get, lambda, type Step } from 'postgraphile/grafast'
import { extendSchema, gql } from 'postgraphile/utils'
import type { Filters } from '../stream/filters.ts'
import type { Feed } from './feed.ts'
import type { FeedEvent } from './feed-events.ts'
import { extension, resourcesOf } from './plans.ts'

const since = 'Goes on after the event with this id, with nothing lost.'

const typeDefs = gql`
	"""What happened to a job. The first event, subscribed, says from where on: its job is as it is then."""
	type JobEvent {
		"""Ids grow. Subscribe with the highest one as since to go on after it."""
		id: BigInt!
		"""subscribed; job_submitted, job_ready, job_started, job_progress, job_completed, job_failed, job_retrying, job_cancelled, job_replayed, job_blocked; resync when events are gone that were not sent: ask anew."""
		event: String!
		at: Datetime!
		jobId: UUID!
		attempt: Int
		"""What the event says beside that: an error, a progress."""
		data: JSON!
		"""The job as it is when the event is sent."""
		job: Job
	}
	type JobLogEvent {
		id: BigInt!
		"""subscribed, job_log, resync."""
		event: String!
		at: Datetime!
		jobId: UUID!
		attempt: Int
		level: LogLevel
		message: String
		data: JSON
	}
	type WorkflowEvent {
		id: BigInt!
		"""subscribed; workflow_submitted, workflow_resumed, workflow_completed, workflow_failed, workflow_cancelled; resync."""
		event: String!
		at: Datetime!
		workflowId: UUID!
		"""The workflow as it is when the event is sent."""
		workflow: Workflow
	}
	"""What happened to a queue, or to one of its jobs."""
	type QueueEvent {
		id: BigInt!
		"""subscribed; queue_paused, queue_resumed; the events of its jobs; resync."""
		event: String!
		at: Datetime!
		name: String!
		jobId: UUID
		type: String
		attempt: Int
		data: JSON!
		"""The job as it is when the event is sent."""
		job: Job
		"""The queue as it is when the event is sent."""
		queue: Queue
	}
	extend type Subscription {
		job(jobId: UUID!, ${'"""'}${since}${'"""'} since: BigInt): JobEvent!
		jobLog(jobId: UUID!, since: BigInt): JobLogEvent!
		workflow(workflowId: UUID!, since: BigInt): WorkflowEvent!
		queue(name: String!, since: BigInt): QueueEvent!
	}
`

/** Opens feeds for one operation. */
export interface Subscribing {
	open(filters: Filters, since: string | null): Promise<Feed>
}

declare global {
	namespace Grafast {
		interface Context {
			/** Of subscriptions. */
			subscribing?: Subscribing
		}
	}
}

/** A field whose events are those that these filters let through; each is told what it is about. */
function field(argument: string, filtersOf: (value: string) => Filters) {
	return {
		subscribePlan(_: Step, args: FieldArgs) {
			const given = [context().get('subscribing'), args.getRaw(argument), args.getRaw('since')] as const
			return lambda(given, ([subscribing, value, since]) => subscribing!.open(filtersOf(value), since ?? null), false)
		},
		plan($event: Step<FeedEvent>, args: FieldArgs) {
			return lambda([$event, args.getRaw(argument)] as const, ([event, about]) => ({ ...event, about }))
		},
	}
}

interface Told extends FeedEvent {
	about: string
	[name: string]: unknown
}
type Event$ = Step<Told>

const of = (name: string) => ($event: Event$) => get($event, name)
const ofData = (name: string) => ($event: Event$) => lambda($event, ({ data }) => data[name] ?? null)

const topics = {
	job: field('jobId', (id) => ({ topics: ['job'], job: [id.toLowerCase()] })),
	jobLog: field('jobId', (id) => ({ topics: ['job_log'], job: [id.toLowerCase()] })),
	workflow: field('workflowId', (id) => ({ topics: ['workflow'], workflow: [id.toLowerCase()] })),
	queue: field('name', (name) => ({ topics: ['job', 'queue'], queue: [name] })),
}

export const Subscriptions: GraphileConfig.Plugin = extendSchema((build) => {
	const { job, workflows, queues } = resourcesOf(build)
	const jobOf = (name: string) => ($event: Event$) => job!.get({ job_id: get($event, name) })
	return extension(typeDefs, {
		Subscription: topics,
		JobEvent: { jobId: of('about'), job: jobOf('about') },
		JobLogEvent: { jobId: of('about'), level: ofData('level'), message: ofData('message'), data: ofData('data') },
		WorkflowEvent: { workflowId: of('about'), workflow: ($event: Event$) => workflows!.get({ workflow_id: get($event, 'about') }) },
		QueueEvent: {
			name: of('about'),
			jobId: of('job_id'),
			job: jobOf('job_id'),
			queue: ($event: Event$) => queues!.get({ queue: get($event, 'about') }),
		},
	})
})
