/** What subscriptions are told, made of the messages of the stream. */
import type { Message } from '../stream/messages.ts'

export interface FeedEvent {
	id: number
	event: string
	at: string
	job_id: string | null
	type: string | null
	queue: string | null
	attempt: number | null
	workflow_id: string | null
	data: Record<string, unknown>
}

/** An event of the subscription itself. */
export const plain = (id: number, event: string, data: Record<string, unknown> = {}): FeedEvent => ({
	...{ id, event, at: new Date().toISOString(), data },
	...{ job_id: null, type: null, queue: null, attempt: null, workflow_id: null },
})

export function eventOf(message: Message, text: string): FeedEvent {
	const { id, event, data = {} } = JSON.parse(text)
	const { job_id = null, workflow_id = null, type = null, queue = null, attempt = null, timestamp: at, priority: _, ...rest } = data
	return { id, event, at, job_id, type, queue: queue ?? message.queue, attempt, workflow_id, data: rest }
}
