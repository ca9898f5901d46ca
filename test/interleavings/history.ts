import type { Db } from '../support/db.ts'
import type { Scene } from './steps.ts'

export interface Edge {
	job_id: string
	depends_on_id: string
	condition: 'success' | 'failure' | 'finished'
}

type State = 'nothing' | 'unstarted' | 'running' | 'completed' | 'failed' | 'cancelled'

const ENDS = ['completed', 'failed', 'cancelled'] as const

/** Where a job must be for each event, and where it is after it: the state chart of functions/README.md. */
const CHART: Record<string, { from: State[]; to?: State }> = {
	job_submitted: { from: ['nothing'], to: 'unstarted' },
	job_ready: { from: ['unstarted', 'running'], to: 'unstarted' },
	job_blocked: { from: ['unstarted'] },
	job_started: { from: ['unstarted'], to: 'running' },
	job_progress: { from: ['running'] },
	job_retrying: { from: ['running'], to: 'unstarted' },
	job_completed: { from: ['running'], to: 'completed' },
	job_failed: { from: ['running'], to: 'failed' },
	job_cancelled: { from: ['unstarted', 'running'], to: 'cancelled' },
	job_replayed: { from: ['failed', 'cancelled'], to: 'unstarted' },
}

const SATISFIED: Record<Edge['condition'], readonly State[]> = { success: ['completed'], failure: ['failed'], finished: ENDS }

interface Told {
	state: State
	starts: number
	/** Since it was submitted or replayed; later attempts may find a parent that was replayed meanwhile. */
	hasStarted: boolean
	wasBlocked: boolean
}

/** What the stream says of each job, in the order of its events; and what it says that cannot be. */
export class History {
	readonly jobs = new Map<string, Told>()
	readonly breaches: [jobId: string, breach: string][] = []
	readonly #parents: Map<string | undefined, Edge[]>
	readonly #added: Set<string>
	readonly #limits: Map<string, { ids: string[]; max: number }>

	/** Limits of what may run at once hold up to the event `limitedTo`. */
	readonly #limitedTo: number

	constructor(edges: Edge[], scenes: Scene[], limitedTo: number) {
		this.#limitedTo = limitedTo
		this.#parents = Map.groupBy(edges, (edge) => edge.job_id)
		this.#added = new Set(scenes.flatMap(({ added }) => [...added]))
		const limited = scenes.flatMap(({ jobs, maxRunning }) => (maxRunning ? [{ ids: Object.values(jobs), max: maxRunning }] : []))
		this.#limits = new Map(limited.flatMap((limit) => limit.ids.map((id) => [id, limit])))
	}

	tell(eventId: number, event: string, jobId: string): void {
		const job = this.jobs.get(jobId) ?? { state: 'nothing', starts: 0, hasStarted: false, wasBlocked: false }
		this.jobs.set(jobId, job)
		const step = CHART[event]
		if (!step?.from.includes(job.state)) this.breaches.push([jobId, `${event} of a job that is ${job.state}`])
		if (event === 'job_started') this.#start(jobId, job, eventId <= this.#limitedTo)
		if (event === 'job_replayed') job.hasStarted = false
		if (event === 'job_blocked') job.wasBlocked = true
		job.state = step?.to ?? job.state
	}

	#start(jobId: string, job: Told, isLimited: boolean): void {
		job.starts++
		for (const { depends_on_id: parent, condition } of this.#parents.get(jobId) ?? []) {
			if (this.#added.has(`${jobId},${parent}`) ? !job.wasBlocked : job.hasStarted) continue
			const state = this.jobs.get(parent)?.state ?? 'nothing'
			if (!SATISFIED[condition].includes(state))
				this.breaches.push([jobId, `started while ${parent} was ${state}, and asks for its ${condition}`])
		}
		job.hasStarted = true
		const { ids, max } = this.#limits.get(jobId) ?? { ids: [], max: 0 }
		const beside = ids.filter((id) => id !== jobId && this.jobs.get(id)?.state === 'running').length
		if (isLimited && max && beside >= max) this.breaches.push([jobId, `started beside ${beside} others, where ${max} may run`])
	}
}

export async function readHistory(db: Db, scenes: Scene[], limitedTo: number): Promise<History> {
	const edges = await db.rows<Edge>('select job_id, depends_on_id, condition from taskq_private.job_dependencies')
	const history = new History(edges, scenes, limitedTo)
	const events = await db.rows<{ event_id: string; event: string; job_ids: string[] }>(
		'select event_id, event, job_ids from taskq_private.job_events order by event_id',
	)
	for (const { event_id, event, job_ids } of events) for (const id of job_ids) history.tell(Number(event_id), event, id)
	return history
}
