/** What GraphModel says about jobs. */
export type Condition = 'success' | 'failure' | 'finished'
export type Status = 'blocked' | 'ready' | 'running' | 'completed' | 'failed' | 'cancelled' | 'gone'

export interface Edge {
	parent: number
	condition: Condition
	/** The parent has ended as asked. That stays so when the child starts; before it, a replay of the parent opens the edge again. */
	satisfied: boolean
}

export interface Job {
	status: Status
	/** Why it failed or was cancelled. */
	reason: string | null
	/** How the job ended that began the cascade in which this one was cancelled. */
	blame: Status | null
	edges: Edge[]
	holds: boolean
	/** Someone wants it to stop while it runs. */
	asked: boolean
	inWorkflow: boolean
	/** It was cancelled while it ran. */
	ran: boolean
	/** How it had ended when it was discarded. */
	was: Status | null
}

/** What a call answers: nothing worth telling, or the SQLSTATE. */
export type Answer = 'ok' | 'TQ404' | 'TQ409' | 'TQ423' | 'TQ425'

export const wanted: Record<Condition, Status[]> = {
	success: ['completed'],
	failure: ['failed'],
	finished: ['completed', 'failed', 'cancelled'],
}
export const ended = (status: Status): boolean => wanted.finished.includes(status)
