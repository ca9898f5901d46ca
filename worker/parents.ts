import { call } from '../db/calls.ts'
import type { Queryable } from '../db/pool.ts'
import type { ParentResult, Parents } from './job.ts'

type Row = Omit<ParentResult, 'id' | 'leftOut'> & { parent_id: string; is_left_out: boolean }

/** How the parents of a job ended and what they left behind. */
export async function readParents(db: Queryable, jobId: string): Promise<Parents> {
	const rows = await call<Row>(db, 'parentResults', [jobId])
	return byName(rows.map(({ parent_id, is_left_out, ...rest }) => ({ id: parent_id, ...rest, leftOut: is_left_out })))
}

/** Each parent under its name if nothing else goes by it, else under its id. */
export function byName(parents: ParentResult[]): Parents {
	const holders = new Map<string, number>()
	// a job may be named as another one's id
	for (const { id, name } of parents) for (const key of new Set([id, name ?? id])) holders.set(key, (holders.get(key) ?? 0) + 1)

	const record: Parents = Object.create(null)
	for (const parent of parents) record[parent.name !== null && holders.get(parent.name) === 1 ? parent.name : parent.id] = parent
	return record
}
