import { statements } from '../../db/calls.ts'
import type { Step } from './steps.ts'

const simple = (name: string, sql: string, ...jobs: string[]): Step => ({
	name: [name, ...jobs].join(' '),
	sql,
	values: (scene) => jobs.map((job) => scene.jobs[job]),
})

export const cancel = (job: string) => simple('cancel', 'select taskq.cancel_job($1)', job)
export const retry = (job: string) => simple('retry', 'select taskq.retry_job($1)', job)
export const retryAll = (job: string) => simple('retry with dependents', 'select taskq.retry_job($1, true)', job)
export const discard = (job: string) => simple('discard', 'select taskq.discard_job($1)', job)
export const addDependency = (job: string, on: string, condition = 'success'): Step => ({
	...simple('add dependency', `select taskq.add_dependency($1, $2, '${condition}')`, job, on),
	got: (_rows, { scene, sent }) => void scene.added.add(String(sent)),
})
export const expire = () => simple('expire', 'select taskq_private.expire_attempts()')
export const promote = () => simple('promote', 'select taskq_private.promote_due_jobs()')
export const settleChunk = () => simple('settle a chunk', 'select taskq_private.settle_chunk()')
export const tick = () => simple('tick', statements.tick)
export const rescue = () => simple('rescue', 'select taskq_private.rescue_lost_workers()')

/** What was so before the sessions began: a worker that has not been heard of for long, attempts that have overrun. */
export const silence = (worker: string): Step => ({
	name: `${worker} is silent`,
	sql: `update taskq_private.workers set heartbeat_at = heartbeat_at - interval '10 minutes' where worker_id = $1`,
	values: ({ workers }) => [workers[worker]],
})

export const overrun = (worker: string): Step => ({
	name: `${worker} overruns`,
	sql: `update taskq_private.claims set claimed_at = claimed_at - interval '2 days', expires_at = expires_at - interval '2 days' where worker_id = $1`,
	values: ({ workers }) => [workers[worker]],
})

/** Takes the name of a new job; it asks that condition of the jobs in `on`. */
export const submit = (name: string, { on, condition = 'success' }: { on: string[]; condition?: string }): Step => ({
	name: `submit ${name}`,
	sql: statements.submitEach,
	values: ({ type, jobs }) => [JSON.stringify([{ type, depends_on: on.map((job) => ({ job: jobs[job], condition })) }])],
	got([answer], { scene }) {
		if (answer!.job_id) scene.jobs[name] = answer!.job_id
	},
})

/** Several at once, in one call, each with a key of its own. */
export const submitKeys = (...keys: string[]): Step => ({
	name: `submit under ${keys}`,
	sql: statements.submitEach,
	values: ({ type }) => [JSON.stringify(keys.map((key) => ({ type, idempotency_key: `${type}-${key}` })))],
	got: (answers, { scene, me }) =>
		void me.onCommit.push(() => {
			for (const [n, { job_id }] of answers.entries()) {
				scene.keys[keys[n]!] ??= new Set()
				scene.keys[keys[n]!]!.add(String(job_id))
			}
		}),
})
