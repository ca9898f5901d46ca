import { randomUUID } from 'node:crypto'
import { type Claim, call, callOne, type Outcome, type Submitted } from '../../db/calls.ts'
import type { Queryable } from '../../db/pool.ts'
import { claim, type Db, registerTypes, registerWorker, statusOf, type WorkerOptions } from './db.ts'

/** What a rejected statement says that a client can act on. */
export interface SqlError {
	code?: string
	message?: string
	detail?: string
	hint?: string
	column?: string
}

/** The error that a statement ends with; fails when it does not end with one. */
export async function errorOf(statement: Promise<unknown>): Promise<SqlError> {
	const error = await statement.then(
		() => null,
		(reason: SqlError) => reason,
	)
	if (!error) throw new Error('the statement was expected to fail')
	return { code: error.code, message: error.message, detail: error.detail, hint: error.hint, column: error.column }
}

/** The SQLSTATE that a statement ends with. */
export const sqlState = async (statement: Promise<unknown>): Promise<string | undefined> => (await errorOf(statement)).code

/** A list of requests, each answered for itself, from any session. */
export const submitEach = (db: Queryable, requests: unknown): Promise<Submitted[]> =>
	call<Submitted>(db, 'submitEach', [JSON.stringify(requests)])

type Request = Record<string, unknown>
type Report = Partial<Outcome>

/** What `get_job` answers, as far as tests look inside. */
export interface JobView extends Record<string, unknown> {
	status: string
	reason: string | null
	attempt: number
	error: { message?: string; depends_on?: string; culprit?: string; culprit_status?: string } | null
	due_at: string
	ready_at: string
	finished_at: string
}

/** A job type of its own with a worker that runs nothing else, so that tests of one file do not take each other's jobs. */
export interface Stage {
	type: string
	worker: string
	/** The ids of one submit of these jobs, in their order. */
	submit: (...requests: Request[]) => Promise<string[]>
	submitOne: (request?: Request) => Promise<string>
	claim: (maxJobs?: number, worker?: string) => Promise<Claim>
	/** Reports the same outcome for each of these jobs of a claim; all of them unless some are named. */
	report: (claimed: Claim, report: Report, jobIds?: string[]) => Promise<Claim>
	complete: (claimed: Claim, jobIds?: string[]) => Promise<Claim>
	/** Claims all that is ready and fails it for good. */
	failAll: () => Promise<void>
	completeAll: () => Promise<void>
	status: (jobId: string) => Promise<string>
	job: (jobId: string) => Promise<JobView>
	addWorker: (options?: WorkerOptions) => Promise<string>
}

export const jobIds = ({ jobs }: Claim): string[] => jobs.map((job) => job.job_id)

const outcomes = (claimed: Claim, report: Report, ids: string[]): Outcome[] =>
	ids.map((job_id) => ({ claim_id: claimed.claim_id!, job_id, outcome: 'completed', ...report }))

export interface StageOptions extends WorkerOptions {
	/** What the type is registered with. */
	task?: Record<string, unknown>
}

export async function makeStage(db: Db, { task = {}, ...options }: StageOptions = {}): Promise<Stage> {
	const type = `t-${randomUUID().slice(0, 8)}`
	await registerTypes(db, { type, jitter: 0, ...task })
	const addWorker = (more: WorkerOptions = {}) => registerWorker(db, { types: [type], ...options, ...more })
	const worker = await addWorker()

	const submit: Stage['submit'] = async (...requests) => {
		const answers = await submitEach(
			db.pool,
			requests.map((request) => ({ type, ...request })),
		)
		const bad = answers.find(({ error }) => error)
		if (bad) throw Object.assign(new Error(bad.error!.message), bad.error)
		return answers.map(({ job_id }) => job_id!)
	}
	const stage: Stage = {
		type,
		worker,
		submit,
		submitOne: async (request = {}) => (await submit(request))[0]!,
		claim: (maxJobs = 1, by = worker) => claim(db, by, maxJobs),
		report: (claimed, report, ids = jobIds(claimed)) => claim(db, worker, 0, outcomes(claimed, report, ids)),
		complete: (claimed, ids) => stage.report(claimed, { outcome: 'completed' }, ids),
		failAll: async () => void (await stage.report(await stage.claim(1000), { outcome: 'failed', fatal: true })),
		completeAll: async () => void (await stage.complete(await stage.claim(1000))),
		status: (jobId) => statusOf(db, jobId),
		job: async (jobId) => (await callOne<{ job: JobView }>(db.pool, 'getJob', [jobId])).job,
		addWorker,
	}
	return stage
}

/** Brings a new job into one of the states that a job can be in. */
export async function jobIn(stage: Stage, state: string): Promise<string> {
	if (state === 'pending') return stage.submitOne({ run_at: '2999-01-01T00:00:00Z' })
	if (state === 'blocked') return stage.submitOne({ depends_on: [await stage.submitOne({ run_at: '2999-01-01T00:00:00Z' })] })
	if (state === 'ready') return stage.submitOne()
	const id = await stage.submitOne({ priority: 1, retry_config: { initial_delay_seconds: 3600 } }) // the first to be claimed
	if (state === 'cancelled') {
		await stage.report(await stage.claim(), { outcome: 'cancelled' })
		return id
	}
	const claimed = await stage.claim()
	if (state === 'completed') await stage.complete(claimed)
	if (state === 'failed') await stage.report(claimed, { outcome: 'failed', fatal: true })
	if (state === 'retrying') await stage.report(claimed, { outcome: 'failed' })
	return id
}
