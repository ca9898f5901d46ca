import { type Answer, type Condition, type Edge, ended, type Job, type Status, wanted } from './graph-job.ts'

/** What graphs of jobs do, told from DESIGN part 7 and the comments of the public functions, and not from their SQL. Jobs are numbers. */
export class GraphModel {
	readonly jobs: Job[] = []
	readonly #children: Set<number>[] = []

	#edgesFrom(parent: number, satisfied: boolean): { child: number; job: Job; edge: Edge }[] {
		return [...this.#children[parent]!].flatMap((child) => {
			const job = this.jobs[child]!
			return job.edges.filter((edge) => edge.parent === parent && edge.satisfied === satisfied).map((edge) => ({ child, job, edge }))
		})
	}

	/** Whether the parent has ended otherwise than the edge asks, or is gone. */
	#isHopeless({ parent, condition, satisfied }: Edge): boolean {
		const { status } = this.jobs[parent]!
		return !satisfied && (status === 'gone' || (ended(status) && !wanted[condition].includes(status)))
	}

	/** A completed job is never replayed, so there is nothing to hold out for. */
	#isCancelledBy = (job: Job, edge: Edge): boolean =>
		this.#isHopeless(edge) && (!job.holds || this.jobs[edge.parent]!.status === 'completed')

	#place(job: Job): void {
		const status = job.edges.every(({ satisfied }) => satisfied) ? 'ready' : 'blocked'
		Object.assign(job, { status, reason: null, blame: null, asked: false, ran: false })
	}

	/** A new life; what its last end let go waits for it again, unless that has started. */
	protected replay(id: number): void {
		this.#place(this.jobs[id]!)
		for (const { job, edge } of this.#edgesFrom(id, true)) {
			if (!['ready', 'blocked'].includes(job.status) && (job.status !== 'cancelled' || job.ran)) continue
			edge.satisfied = false
			if (job.status === 'ready') job.status = 'blocked'
		}
	}

	/** These jobs have ended; what does that mean for those that wait for them? */
	#settle(ids: number[]): void {
		const queue = [...ids]
		for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
			const { status, blame } = this.jobs[at]!
			for (const { child, job, edge } of this.#edgesFrom(at, false)) {
				edge.satisfied = wanted[edge.condition].includes(status)
				if (job.status !== 'blocked') continue
				if (job.edges.every(({ satisfied }) => satisfied)) job.status = 'ready'
				else if (this.#isCancelledBy(job, edge)) {
					Object.assign(job, { status: 'cancelled', reason: 'dependency', blame: blame ?? status })
					queue.push(child)
				}
			}
		}
	}

	protected end(ids: number[], status: Status, reason: string | null): void {
		for (const id of ids)
			Object.assign(this.jobs[id]!, { status, reason, blame: null, ran: this.jobs[id]!.status === 'running', asked: false })
		this.#settle(ids)
	}

	/** These jobs came back to life; who was cancelled for their sake, and has nothing else in the way, does so too. */
	protected revive(ids: number[]): void {
		const queue = [...ids]
		for (let at = queue.shift(); at !== undefined; at = queue.shift())
			for (const { child, job } of this.#edgesFrom(at, false)) {
				if (job.status !== 'cancelled' || job.reason !== 'dependency' || job.edges.some((edge) => this.#isHopeless(edge))) continue
				this.replay(child)
				queue.push(child)
			}
	}

	submit(edges: Omit<Edge, 'satisfied'>[], holds: boolean, inWorkflow: boolean): number {
		const satisfied = ({ parent, condition }: Omit<Edge, 'satisfied'>) => wanted[condition].includes(this.jobs[parent]!.status)
		const job = { edges: edges.map((edge) => ({ ...edge, satisfied: satisfied(edge) })), holds, inWorkflow, was: null } as unknown as Job
		this.#place(job)
		for (const { parent } of edges) this.#children[parent]!.add(this.jobs.length)
		this.jobs.push(job)
		this.#children.push(new Set())
		if (job.edges.some((edge) => this.#isCancelledBy(job, edge))) Object.assign(job, { status: 'cancelled', reason: 'dependency' })
		return this.jobs.length - 1
	}

	start(id: number): void {
		this.jobs[id]!.status = 'running'
	}

	release(id: number): void {
		this.jobs[id]!.status = 'ready'
	}

	/** The one attempt of a running job is over. */
	finish(id: number, status: 'completed' | 'failed'): void {
		if (status === 'completed') this.end([id], 'completed', null)
		else if (this.jobs[id]!.asked) this.end([id], 'cancelled', 'requested')
		else this.end([id], 'failed', 'attempts_exhausted')
	}

	cancel(id: number): Answer {
		const job = this.jobs[id]!
		if (job.status === 'gone') return 'TQ404'
		if (ended(job.status)) return 'TQ409'
		if (job.status === 'running') job.asked = true
		else this.end([id], 'cancelled', 'requested')
		return 'ok'
	}

	retry(id: number, withDependents: boolean): Answer {
		const job = this.jobs[id]!
		if (job.status === 'gone') return 'TQ404'
		const obstacles = job.edges.filter((edge) => this.#isHopeless(edge)).map(({ parent }) => this.jobs[parent]!.status)
		if (
			!['failed', 'cancelled'].includes(job.status) ||
			obstacles.some((status) => !job.holds || !['failed', 'cancelled'].includes(status))
		)
			return 'TQ409'
		this.replay(id)
		if (withDependents) this.revive([id])
		return 'ok'
	}

	#waitsFor(id: number, goal: number): boolean {
		return id === goal || this.jobs[id]!.edges.some(({ parent }) => this.#waitsFor(parent, goal))
	}

	addDependency(id: number, parent: number, condition: Condition): Answer {
		const [job, other] = [this.jobs[id]!, this.jobs[parent]!]
		if (job.status === 'gone') return 'TQ404'
		if (other.status === 'gone') return 'TQ423'
		if (this.#waitsFor(parent, id)) return 'TQ425'
		const edge = { parent, condition, satisfied: wanted[condition].includes(other.status) }
		const old = job.edges.find((each) => each.parent === parent)
		if ((old && old.condition !== condition) || this.#isHopeless(edge) || !['blocked', 'ready'].includes(job.status)) return 'TQ409'
		if (old) return 'ok'
		job.edges.push(edge)
		this.#children[parent]!.add(id)
		this.#place(job)
		return 'ok'
	}

	discard(id: number): Answer {
		const job = this.jobs[id]!
		if (job.status === 'gone') return 'TQ404'
		const isAwaited = this.jobs.some(
			({ edges, status }) => status !== 'gone' && !ended(status) && edges.some(({ parent }) => parent === id),
		)
		if (job.status !== 'failed' || isAwaited) return 'TQ409'
		Object.assign(job, { was: 'failed', status: 'gone', reason: null, edges: [] })
		return 'ok'
	}
}
