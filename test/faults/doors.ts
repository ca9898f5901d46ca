import type pg from 'pg'
import { call, callOne, type Submitted, type SubmittedOfGraph } from '../../db/calls.ts'
import type { JobRequest } from './requests.ts'

/** The ids of the jobs in the order of the request, and for a cancel the status that it answers. */
export interface Answered {
	ids: string[]
	status?: string
}

/** A way in. What it throws is a `Failure` when nothing has happened, and anything else when that is not known. */
export interface Door {
	submit(jobs: JobRequest[]): Promise<Answered>
	workflow(graph: { workflow: object; jobs: JobRequest[] }): Promise<Answered>
	cancel(job: string): Promise<Answered>
}

export class Failure extends Error {
	override readonly name = 'Failure'
	/** It was answered with an error; else it was never asked. */
	readonly refused: boolean
	constructor(error: unknown, refused: boolean) {
		super(String(error))
		this.refused = refused
	}
}

/** 57P: ended by an administrator or a crash; 08: the connection. The commit may be behind it. Others are answers. */
const isAnswer = ({ code = '' }: { code?: string }): boolean => /^[0-9A-Z]{5}$/.test(code) && !/^(57P|08)/.test(code)

export function sqlDoor(pool: pg.Pool): Door {
	const send = async <Row>(work: (client: pg.PoolClient) => Promise<Row>): Promise<Row> => {
		const client = await pool.connect().catch((error) => {
			throw new Failure(error, false)
		})
		let broken: Error | undefined
		try {
			return await work(client)
		} catch (error) {
			if (error instanceof Failure) throw error
			if (isAnswer(error as { code?: string })) throw new Failure(error, true)
			broken = error as Error
			throw error
		} finally {
			client.release(broken)
		}
	}
	return {
		submit: (jobs) =>
			send(async (client) => {
				const answers = await call<Submitted>(client, 'submitEach', [JSON.stringify(jobs)])
				const bad = answers.find(({ error }) => error)
				if (bad) throw new Failure(JSON.stringify(bad.error), true)
				return { ids: answers.map(({ job_id }) => job_id!) }
			}),
		workflow: (graph) =>
			send(async (client) => {
				const rows = await call<SubmittedOfGraph>(client, 'submitJobs', [JSON.stringify(graph)])
				return { ids: rows.map(({ job_id }) => job_id!) }
			}),
		cancel: (job) =>
			send(async (client) => ({
				ids: [job],
				status: (await callOne<{ status: string }>(client, 'cancelJob', [job, 'a client changed its mind'])).status,
			})),
	}
}

export function restDoor(url: string): Door {
	const send = async (method: string, path: string, body?: unknown): Promise<any> => {
		const response = await fetch(url + path, {
			method,
			headers: body ? { 'Content-Type': 'application/json' } : {},
			...(body ? { body: JSON.stringify(body) } : {}),
		}).catch((error) => {
			throw error.cause?.code === 'ECONNREFUSED' ? new Failure(error.cause, false) : error
		})
		const answer: any = await response.json()
		if (response.status >= 500) throw new Error(`${response.status} ${answer.detail}`)
		if (!response.ok) throw new Failure(`${response.status} ${answer.detail}`, true)
		return answer
	}
	return {
		// one request each: the server gathers those that come at once
		async submit(jobs) {
			const answers = await Promise.allSettled(jobs.map((job) => send('POST', '/jobs', job)))
			const bad = answers.filter((answer) => answer.status === 'rejected').map(({ reason }) => reason)
			if (bad.length > 0)
				throw bad.length === jobs.length && bad.every((error) => error instanceof Failure) ? bad[0] : new Error(String(bad[0]))
			return { ids: answers.map((answer) => (answer as PromiseFulfilledResult<{ id: string }>).value.id) }
		},
		workflow: async (graph) => ({ ids: (await send('POST', '/jobs/batch', graph)).jobs.map(({ id }: { id: string }) => id) }),
		cancel: async (job) => ({ ids: [job], status: (await send('PATCH', `/jobs/${job}/cancel`)).status }),
	}
}
