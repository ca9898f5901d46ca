/** How long something is, as requests say it and as PostgreSQL answers it. */
import { z } from 'zod'

const NUMBER = '\\d{1,8}'
const SECONDS = `${NUMBER}(?:\\.\\d{1,6})?S`
const TIME = `T(?:${NUMBER}H(?:${NUMBER}M)?(?:${SECONDS})?|${NUMBER}M(?:${SECONDS})?|${SECONDS})`
const DAYS = `(?:${NUMBER}W(?:${NUMBER}D)?|${NUMBER}D)`
/** ISO 8601 or words, as PostgreSQL reads both; with fewer digits than it can hold. */
const DURATION = new RegExp(`^(?:P(?:${DAYS}(?:${TIME})?|${TIME})|${NUMBER}(?:\\.\\d{1,6})? ?(?:seconds?|minutes?|hours?|days?|weeks?))$`)
const MAX_SECONDS = 315_360_000
const WRONG = 'must be seconds, or a duration such as "PT5M" or "5 minutes", of at most 3650 days; months are for cron'
export const duration = z.union(
	[z.number().min(0, WRONG).max(MAX_SECONDS, WRONG), z.string().max(60, WRONG).regex(DURATION, WRONG)], // each says it: zod tells of the nearest
	WRONG,
)

/** As PostgreSQL takes it. */
export const intervalOf = (every: number | string | null | undefined): string | null =>
	typeof every === 'number' ? `${every.toFixed(6)} seconds` : (every ?? null)

/** As node-postgres reads an interval; one of a schedule has no days. */
export interface Interval {
	hours?: number
	minutes?: number
	seconds?: number
	milliseconds?: number
}

/** ISO 8601, as PUT takes it. */
export function durationOf({ hours = 0, minutes = 0, seconds = 0, milliseconds = 0 }: Interval): string {
	const parts = Object.entries({ H: hours, M: minutes, S: seconds + milliseconds / 1000 })
	return `PT${parts.flatMap(([unit, amount]) => (amount ? [amount + unit] : [])).join('')}`
}
