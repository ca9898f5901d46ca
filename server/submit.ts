import { call, type Submitted } from '../db/calls.ts'
import type { Caller, Database } from './database.ts'
import { makeGather } from './gather.ts'
import { problemOfValue } from './problem.ts'
import { type Condition, type Dependency, type JobRow, shapeJob } from './rest/job.ts'

/** Enough to be cheap a job, few enough that no one waits long for the others'. */
const MAX_JOBS = 500
const MAX_BYTES = 4_000_000

export interface Submission {
	job: Record<string, unknown>
	/** False when an idempotency key found the job of an earlier request. */
	created: boolean
	warnings: string[]
}

/** Submits one job for a caller and answers it as JSON. Throws a Problem for a bad request. */
export type Submit = (caller: Caller, request: Record<string, unknown>) => Promise<Submission>

/** Concurrent submits of a role and of the same queues go to the database together, and so do the looks at what came of them. */
export function makeSubmit(database: Database): Submit {
	const doors = new Map<string, ReturnType<typeof makeDoor>>()
	return async ({ role, name, queues = null }, request) => {
		const which = JSON.stringify([role, queues])
		let door = doors.get(which)
		if (!door) {
			door = makeDoor(database, { role, name: null, queues })
			doors.set(which, door)
		}
		const answer = await door.submit(JSON.stringify(name ? { ...request, created_by: name.slice(0, 200) } : request))
		if (answer.error) throw problemOfValue(answer.error)
		const row = await door.read(answer.job_id!)
		const job = row
			? shapeJob({ ...row, depends_on: dependenciesOf(request), progress: null, cancel_requested_at: null })
			: { id: answer.job_id, status: answer.status }
		return { job, created: answer.created, warnings: answer.warnings }
	}
}

/** As `get_job` shows them, without asking: each once, by id. */
function dependenciesOf({ depends_on }: Record<string, unknown>): Dependency[] {
	const conditions = new Map<string, Condition>()
	for (const asked of Array.isArray(depends_on) ? (depends_on as Dependency[]) : []) {
		const { job, condition = 'success' } = typeof asked === 'string' ? { job: asked } : asked
		conditions.set(job.toLowerCase(), condition)
	}
	const byId = [...conditions].toSorted(([a], [b]) => (a < b ? -1 : 1))
	return byId.map(([job, condition]) => (condition === 'success' ? job : { job, condition }))
}

function makeDoor(database: Database, caller: Caller) {
	const db = database.as(caller)
	const submit = makeGather<string, Submitted>({
		send: (requests) => call<Submitted>(db, 'submitEach', [`[${requests.join(',')}]`]),
		sizeOf: (request) => request.length,
		maxItems: MAX_JOBS,
		maxSize: MAX_BYTES,
	})
	const read = makeGather<string, JobRow | undefined>({
		async send(ids) {
			const rows = new Map((await call<JobRow>(db, 'getJobs', [ids])).map((row) => [row.job_id, row]))
			return ids.map((id) => rows.get(id))
		},
		sizeOf: () => 1,
		maxItems: MAX_JOBS,
		maxSize: MAX_JOBS,
	})
	return { submit, read }
}
