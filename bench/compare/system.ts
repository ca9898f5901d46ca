import type pg from 'pg'

/** What each job carries: as little as lets a worker say how late it is. */
export interface Payload {
	n: number
	/** When submit was called, in milliseconds since 1970 with fractions. */
	sent?: number
}

/** Who submits. */
export interface Client {
	submitOne(payload: Payload): Promise<unknown>
	/** One call for all of them. */
	submitMany(payloads: Payload[]): Promise<unknown>
	/** Whether a job that was submitted since this client connected is unfinished. Cheap whatever else the tables hold. */
	isBusy(): Promise<boolean>
	close(): Promise<unknown>
}

/** Something that must not make a queue slow by being there. */
export interface Backlog {
	/** What is there, in the words of the system. */
	says: string
	load(db: pg.Client, jobs: number): Promise<unknown>
}

export type BacklogKind = 'scheduled' | 'finished' | 'unfit'

/** One queue, at its own best documented settings. */
export interface System {
	/** As in --systems, and of its databases. */
	name: string
	title: string
	/** The npm package that it is, of bench/peers. */
	package?: string
	settings: string
	/** Where the settings are recommended. */
	source: string
	/** What is left of a job that has ended, and who deletes that. */
	keeps: string
	guarantees: string
	/** Makes its schema in an empty database. */
	install(url: string): Promise<unknown>
	connect(url: string, connections: number): Promise<Client>
	/** Runs jobs in this process, `handle` each. */
	work(url: string, handle: (payload: Payload) => void): Promise<{ stop(): Promise<unknown> }>
	/** A text says why there is none. */
	backlogs: Record<BacklogKind, Backlog | string>
}

export const payloads = (count: number, first = 0): Payload[] => Array.from({ length: count }, (_, i) => ({ n: first + i }))

/** Milliseconds since 1970 with fractions: the same clock in all processes of a machine. */
export const now = (): number => performance.timeOrigin + performance.now()
