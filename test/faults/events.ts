/** What the ledger holds: one line of JSON each, in the order in which they arrived. Times are milliseconds since 1970. */

/** A call of a client. `tags` name the jobs that it asks for, and are in their payloads; a call that is made again has the same. */
export interface Invoke {
	is: 'invoke'
	op: string
	t: number
	call: 'submit' | 'workflow' | 'cancel'
	door: 'sql' | 'rest'
	tags: string[]
	/** Whether it may be made again: then each tag is an idempotency key, or the first that of the workflow. */
	keyed: boolean
	/** The job that a cancel is about. */
	job?: string
}

/** How it ended: after `failed` nothing has happened, since it was `refused` or never got there; after `unknown` it may have. */
export type Answer =
	| { is: 'ok'; op: string; t: number; ids: string[]; status?: string }
	| { is: 'failed'; op: string; t: number; error: string; refused: boolean }
	| { is: 'unknown'; op: string; t: number; error: string }

/** A step of a handler. `effect` is written in the handler's transaction, `committed` after it; `stopped` when its signal aborts. */
export interface Step {
	is: 'start' | 'effect' | 'committed' | 'end' | 'stopped'
	t: number
	job: string
	claim: string
	/** The process that ran it. */
	worker: string
}

/** What the nemesis did to these processes; to all of them, without names. */
export interface Fault {
	is: 'fault'
	t: number
	fault: string
	workers: string[] | '*'
}

/** The stream said for the first time that a job has ended. */
export interface Told {
	is: 'told'
	t: number
	job: string
}

export type LedgerEvent = Invoke | Answer | Step | Fault | Told
