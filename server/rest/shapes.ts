/** What answers are made of. */
import { z } from 'zod'
import { LEVELS } from './priority.ts'

export const JOB_STATUSES = ['pending', 'blocked', 'ready', 'running', 'retrying', 'completed', 'failed', 'cancelled'] as const
export const jobStatus = z.enum(JOB_STATUSES)

export type Instant = Date | string | null | undefined

/** ISO 8601 with milliseconds, in UTC. */
export const isoInstant = <Given extends Instant>(given: Given): Given extends null | undefined ? null : string =>
	(given == null ? null : new Date(given).toISOString()) as Given extends null | undefined ? null : string

export const id = z.guid()
export const instant = z.iso.datetime()
export const count = z.int().min(0)
export const priority = z.union([z.enum(LEVELS), z.int().min(5).max(10)])

/** Where a page ends. */
export const nextCursor = z.string().nullable().describe('Give it as `cursor` to get the next page; null on the last one.')

export type Row = Record<string, unknown>

/** The columns of a row, instants in ISO 8601, the worker's id as `id`. */
export function shape({ worker_id, ...row }: Row): Row {
	const columns = Object.entries(row).map(([name, value]) => [name, value instanceof Date ? isoInstant(value) : value])
	return Object.fromEntries(worker_id ? [['id', worker_id], ...columns] : columns)
}
