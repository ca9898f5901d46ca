import { priorityName } from '../rest/priority.ts'
import { isoInstant } from '../rest/shapes.ts'
import type { EventJob, StreamEvent } from './reader.ts'

export type Topic = 'job' | 'job_log' | 'queue' | 'resource' | 'workflow'

/** What subscribers may be told, with what their filters look at. The text is made when the first of them wants it. */
export interface Message {
	topic: Topic
	id: number
	event: string
	/** Null where a message is about no queue; likewise the next two. */
	queue: string | null
	job: { id: string; type: string } | null
	workflow: string | null
	text: () => string
}

/** The messages of one row of the stream: one for each job, or one for a queue or a workflow. */
export function messagesOf(event: StreamEvent): Message[] {
	if (event.jobs) return event.jobs.map((job) => jobMessage(event, job))
	if (event.workflow_id !== null) return [workflowMessage(event, event.workflow_id)]
	return event.queue === null ? [] : [queueMessage(event, event.queue)]
}

function once(make: () => object): () => string {
	let text: string | undefined
	return () => {
		text ??= JSON.stringify(make())
		return text
	}
}

function jobMessage({ id, at, event }: StreamEvent, job: EventJob): Message {
	const isLog = event === 'job_log'
	return {
		topic: isLog ? 'job_log' : 'job',
		id,
		event,
		queue: job.queue,
		job: { id: job.job_id, type: job.type },
		workflow: null,
		text: once(() => ({
			type: isLog ? 'job_log' : 'job_update',
			event,
			id,
			job_id: job.job_id,
			data: {
				job_id: job.job_id,
				type: job.type,
				queue: job.queue,
				priority: priorityName(job.priority),
				attempt: job.attempt,
				timestamp: isoInstant(at),
				...job.data,
			},
		})),
	}
}

const queueMessage = ({ id, at, event }: StreamEvent, queue: string): Message => ({
	topic: 'queue',
	id,
	event,
	queue,
	job: null,
	workflow: null,
	text: once(() => ({ type: 'queue_update', event, id, data: { queue, timestamp: isoInstant(at) } })),
})

const workflowMessage = ({ id, at, event }: StreamEvent, workflow_id: string): Message => ({
	topic: 'workflow',
	id,
	event,
	queue: null,
	job: null,
	workflow: workflow_id,
	text: once(() => ({ type: 'workflow_update', event, id, workflow_id, data: { workflow_id, timestamp: isoInstant(at) } })),
})
