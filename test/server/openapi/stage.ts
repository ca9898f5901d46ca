/** Something of each kind for operations to be tried on. */

import { type Claim, callOne } from '../../../db/calls.ts'
import { claim, type Db, registerWorker } from '../../support/db.ts'
import { until } from '../../support/patience.ts'
import type { Client, Json } from '../support.ts'

export interface Stage {
	/** Of a job in each state. */
	ready: string
	blocked: string
	completed: string
	failed: string
	running: string
	worker: string
	endedWorker: string
	workflow: string
	endedWorkflow: string
	failedWorkflow: string
	/** A queue for what is submitted to be run here. */
	run: (outcome: 'completed' | 'failed', request?: Json) => Promise<string>
	submit: (request?: Json) => Promise<string>
}

export async function makeStage(db: Db, api: Client): Promise<Stage> {
	await until(async () => (await api.get('/readyz')).status === 200)
	await db.stopClock() // so that no worker is taken for lost, however slow this machine is
	const worker = await registerWorker(db, { types: ['echo'], queues: ['run'], resources: { gpu: 1 } })
	const submit = async (request: Json = {}) => (await api.submit(request)).id as string
	const take = async (): Promise<{ claim_id: string; job_id: string }> => {
		const { claim_id, jobs }: Claim = await claim(db, worker)
		return { claim_id: claim_id!, job_id: jobs[0]!.job_id }
	}
	async function end(outcome: 'completed' | 'failed'): Promise<string> {
		const taken = await take()
		const logs = [1, 2, 3].map((n) => ({ level: 'info' as const, message: `line ${n}`, age_seconds: 0 }))
		const how = outcome === 'failed' ? { error: { name: 'Error', message: 'no luck' }, fatal: true } : { result: { n: 1 } }
		await claim(db, worker, 0, [{ ...taken, outcome, logs, ...how }])
		return taken.job_id
	}
	async function run(outcome: 'completed' | 'failed', request: Json = {}): Promise<string> {
		await api.submit({ queue: 'run', ...request })
		return end(outcome)
	}
	const batch = async (name: string, jobs: Json[]) =>
		(await api.post('/jobs/batch', { workflow: { name }, jobs })).body.workflow_id as string

	const completed = await run('completed')
	const failed = await run('failed')
	await submit({ queue: 'run' })
	const { claim_id, job_id: running } = await take()
	await callOne(db.pool, 'reportProgress', [claim_id, running, 50, '{"rows":3}'])
	const ready = await submit()
	const blocked = await submit({ depends_on: [ready, { job: running, condition: 'failure' }] })
	const workflow = await batch('open', [
		{ name: 'a', type: 'echo' },
		{ name: 'b', type: 'echo', depends_on: ['a'] },
	])
	const one = [{ name: 'a', type: 'echo', queue: 'run' }]
	const endedWorkflow = await batch('ended', one)
	await end('completed')
	const failedWorkflow = await batch('failed', one)
	await end('failed')
	const endedWorker = await registerWorker(db, { queues: ['none'] })
	await callOne(db.pool, 'stopWorker', [endedWorker])
	return { ready, blocked, completed, failed, running, worker, endedWorker, workflow, endedWorkflow, failedWorkflow, run, submit }
}
