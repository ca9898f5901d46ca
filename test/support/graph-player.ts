import type pg from 'pg'
import { type Claim, call, callOne, type Outcome } from '../../db/calls.ts'
import { type Db, registerTypes, registerWorker } from './db.ts'
import { forgetJobs, type GraphJob } from './graph.ts'
import type { Answer, Condition } from './graph-job.ts'
import { jobIds, submitEach } from './stage.ts'
import { WorkflowModel } from './workflow-model.ts'

const MAX_JOBS = 20

const seen = `select (
		select json_agg(json_build_array(coalesce(j.status::text, 'gone'), j.reason) order by i.n)
		from unnest($1::uuid[]) with ordinality as i (id, n) left join taskq.jobs as j on j.job_id = i.id
	) as jobs, (
		select json_build_object('status', status, 'completed', completed_count, 'failed', failed_count, 'cancelled', cancelled_count, 'skipped', skipped_count)
		from taskq.workflows where workflow_id = $2
	) as workflow, array(select taskq_private.check_invariants()) as breaches`

/** A job of a new graph; its edges are numbers to be taken modulo the jobs before it. */
interface NewJob {
	edges: [parent: number, condition: Condition][]
	holds: boolean
}

export interface Action {
	do: string
	a?: number
	b?: number
	condition?: Condition
	flag?: boolean
}

/** Does the same to the database and to the model. Each job has a type and a worker of its own, so that any can be claimed alone. */
export class GraphPlayer {
	readonly #client: pg.Client
	readonly #workers: string[]
	#model = new WorkflowModel()
	#ids: string[] = []
	#claims = new Map<number, string>()
	#workflow = ''

	private constructor(client: pg.Client, workers: string[]) {
		this.#client = client
		this.#workers = workers
	}

	static async make(db: Db): Promise<GraphPlayer> {
		const types = Array.from({ length: MAX_JOBS }, (_, n) => `g${n}`)
		await registerTypes(db, ...types.map((type) => ({ type, max_attempts: 1 })))
		await db.query('select taskq.configure(worker_lost_seconds => 3600)')
		const client = await db.client() // one session, since a pool drops one that was answered an error, with all its plans
		return new GraphPlayer(client, await Promise.all(types.map((type) => registerWorker(db, { types: [type] }))))
	}

	/** Forgets all that was, and submits a graph as a workflow. */
	async begin(jobs: NewJob[]): Promise<void> {
		await forgetJobs(this.#client)
		this.#model = new WorkflowModel()
		this.#claims.clear()
		const requests = jobs.map(({ edges, holds }, n) => {
			const distinct = new Map(n ? edges.map(([parent, condition]) => [parent % n, condition]) : [])
			const own = [...distinct].map(([parent, condition]) => ({ parent, condition }))
			this.#model.submit(own, holds, true)
			const depends_on = own.map(({ parent, condition }) => ({ job: `n${parent}`, condition }))
			return { type: `g${n}`, name: `n${n}`, depends_on, on_dependency_failure: holds ? 'hold' : 'cancel' }
		})
		const rows = await call<GraphJob>(this.#client, 'submitJobs', [JSON.stringify({ workflow: { name: 'w' }, jobs: requests })])
		this.#ids = rows.map(({ job_id }) => job_id)
		this.#workflow = rows[0]!.workflow_id!
	}

	/** Every job's status and reason, the workflow, and the invariants that are broken. */
	async seen(): Promise<unknown> {
		const { rows } = await this.#client.query({ name: 'seen', text: seen, values: [this.#ids, this.#workflow] })
		return rows[0]
	}

	expected(): unknown {
		const jobs = this.#model.jobs.map(({ status, reason }) => [status, reason])
		return { jobs, workflow: this.#model.workflow(), breaches: [] }
	}

	/** The n-th of the jobs that are like this, if any. */
	#pick(status: string, n: number): number | undefined {
		const like = [...this.#model.jobs.keys()].filter((id) => this.#model.jobs[id]!.status === status)
		return like[n % like.length]
	}

	#answer(statement: Promise<unknown>): Promise<Answer> {
		return statement.then(
			() => 'ok',
			(error) => (/^TQ/.test(error.code) ? error.code : Promise.reject(error)),
		)
	}

	async #start(id: number): Promise<void> {
		const claimed = await callOne<Claim>(this.#client, 'claimNextJob', [this.#workers[id], 1, null])
		if (jobIds(claimed)[0] !== this.#ids[id]) throw new Error(`job ${id} was expected to be ready`)
		this.#claims.set(id, claimed.claim_id!)
		this.#model.start(id)
	}

	async #report(id: number, outcome: Outcome['outcome']): Promise<void> {
		const report = [{ claim_id: this.#claims.get(id), job_id: this.#ids[id], outcome }]
		await call(this.#client, 'claimNextJob', [this.#workers[id], 0, JSON.stringify(report)])
		if (outcome === 'released') this.#model.release(id)
		else this.#model.finish(id, outcome as 'completed')
	}

	/** What the database answered, and what the model did. */
	async play({ do: what, a = 0, b = 0, condition = 'success', flag = false }: Action): Promise<[Answer, Answer]> {
		const [db, model, ids] = [this.#client, this.#model, this.#ids]
		const [one, two] = [a % ids.length, b % ids.length]
		if (what === 'complete' || what === 'fail' || what === 'start') {
			const ready = this.#pick('ready', a)
			if (ready !== undefined) await this.#start(ready)
			if (ready !== undefined && what !== 'start') await this.#report(ready, what === 'fail' ? 'failed' : 'completed')
		} else if (what === 'finish' || what === 'finishBadly' || what === 'release') {
			const running = this.#pick('running', a)
			const asked = running !== undefined && model.jobs[running]!.asked
			if (running !== undefined)
				await this.#report(running, what === 'finish' ? 'completed' : what === 'release' && !asked ? 'released' : 'failed')
		} else if (what === 'cancel') return [await this.#answer(call(db, 'cancelJob', [ids[one], null])), model.cancel(one)]
		else if (what === 'retry' || what === 'revive') {
			const id = (what === 'revive' ? (this.#pick('failed', a) ?? this.#pick('cancelled', a)) : undefined) ?? one
			return [await this.#answer(call(db, 'retryJob', [ids[id], flag])), model.retry(id, flag)]
		} else if (what === 'discard') {
			const id = this.#pick('failed', a) ?? one
			return [await this.#answer(call(db, 'discardJob', [ids[id]])), model.discard(id)]
		} else if (what === 'addDependency')
			return [await this.#answer(call(db, 'addDependency', [ids[one], ids[two], condition])), model.addDependency(one, two, condition)]
		else if (what === 'submit' && ids.length < MAX_JOBS && [one, two].every((id) => model.jobs[id]!.status !== 'gone')) {
			const own = one === two ? [{ parent: one, condition }] : [one, two].map((parent) => ({ parent, condition }))
			const depends_on = own.map(({ parent }) => ({ job: ids[parent], condition }))
			const request = { type: `g${ids.length}`, depends_on, on_dependency_failure: flag ? 'hold' : 'cancel' }
			const [row] = await submitEach(db, [request])
			model.submit(own, flag, false)
			this.#ids.push(row!.job_id!)
		} else if (what === 'cancelWorkflow')
			return [await this.#answer(call(db, 'cancelWorkflow', [this.#workflow, null])), model.cancelWorkflow()]
		else if (what === 'retryWorkflow')
			return [await this.#answer(db.query('select taskq.retry_workflow($1)', [this.#workflow])), model.retryWorkflow()]
		else if (what === 'tick') await callOne(db, 'tick')
		return ['ok', 'ok']
	}
}
