import type { Caller } from '../database.ts'
import { invalid, type Problem } from '../problem.ts'
import { resolveJobAliases } from './aliases.ts'
import { check, jobRequest } from './check.ts'

/** One job as it was asked for, its aliases resolved. Throws a Problem that names every wrong field. */
export function checkJobRequest(value: unknown, { name }: Caller): Record<string, unknown> {
	const request = resolveJobAliases(value)
	check(jobRequest, request, 'a job')
	const fields = request as Record<string, unknown>
	if (name !== null && fields.created_by != null) throw refuseCreator('created_by')
	return fields
}

/** Whoever has a name is who created their jobs; `field` says where they gave another one. */
export const refuseCreator = (field: string): Problem => invalid(field, `${field} is the name of your API key and cannot be given`)
