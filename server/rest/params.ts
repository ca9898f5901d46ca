/** What the names in paths (`/jobs/:id`) stand for. */
import { z } from 'zod'
import { doorKinds } from '../errors.ts'
import { invalid, Problem } from '../problem.ts'
import { checkText } from './json.ts'

export interface Param {
	schema: z.ZodType
	/** What is answered for one that cannot be, by its name in docs/errors.md. */
	error: string
	/** Throws a Problem for what cannot name anything. */
	read: (value: string) => string
}

export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** As submits name queues and job types. */
const NAME = /^[A-Za-z0-9_.:-]{1,100}$/

/** The id of a job, a worker, …; what cannot be an id names nothing. */
export const idOf = (what: string): Param => ({
	schema: z.uuid().describe(`The id of a ${what}.`),
	error: 'not_found',
	read(id) {
		if (UUID.test(id)) return id.toLowerCase()
		throw new Problem(doorKinds.not_found, `no ${what} ${JSON.stringify(id.slice(0, 100))}`, {
			hint: `Ids are uuids, as ${what}s are listed with.`,
		})
	},
})

/** `what` is what errors call it. */
const nameOf = (field: string, what: string): Param => ({
	schema: z.string().regex(NAME).describe(`The ${what}.`),
	error: 'invalid_request',
	read(name) {
		if (NAME.test(name)) return name
		throw invalid(field, `${field} must be a ${what} of 1 to 100 of A-Z a-z 0-9 _ . : -`)
	},
})

export const queueParam = nameOf('name', 'queue name')
export const typeParam = nameOf('type', 'job type')

/** Any text that the database can hold. */
export const textParam = (field: string, description: string): Param => ({
	schema: z.string().describe(description),
	error: 'invalid_request',
	read(value) {
		checkText(value, field)
		return value
	},
})
