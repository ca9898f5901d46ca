import { call, type Submitted } from '../db/calls.ts'
import type { Role } from '../db/pool.ts'
import type { Caller, Database } from './database.ts'
import { makeGather } from './gather.ts'
import { problemOfValue } from './problem.ts'
import { type JobRow, shapeJob } from './rest/job.ts'

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

/** Concurrent submits of a role go to the database together, and so do the looks at what came of them. */
export function makeSubmit(database: Database): Submit {
	const doors = new Map<Role, ReturnType<typeof makeDoor>>()
	return async ({ role, name }, request) => {
		let door = doors.get(role)
		if (!door) {
			door = makeDoor(database, role)
			doors.set(role, door)
		}
		const answer = await door.submit(JSON.stringify(name ? { ...request, created_by: name.slice(0, 200) } : request))
		if (answer.error) throw problemOfValue(answer.error)
		const row = await door.read(answer.job_id!)
		const depends_on = Array.isArray(request.depends_on) ? [...new Set(request.depends_on)].toSorted() : []
		const job = row
			? shapeJob({ ...row, depends_on, progress: null, cancel_requested_at: null })
			: { id: answer.job_id, status: answer.status }
		return { job, created: answer.created, warnings: answer.warnings }
	}
}

function makeDoor(database: Database, role: Role) {
	const db = database.as({ role, name: null })
	const submit = makeGather<string, Submitted>({
		send: (requests) => call<Submitted>(db, 'submitEach', [`[${requests.join(',')}]`]),
		sizeOf: (request) => request.length,
		maxItems: MAX_JOBS,
		maxSize: MAX_BYTES,
	})
	const read = makeGather<string, JobRow | undefined>({
		async send(ids) {
			const rows = new Map((await call<JobRow>(db, 'jobsById', [ids])).map((row) => [row.job_id, row]))
			return ids.map((id) => rows.get(id))
		},
		sizeOf: () => 1,
		maxItems: MAX_JOBS,
		maxSize: MAX_JOBS,
	})
	return { submit, read }
}
