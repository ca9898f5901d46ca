/** Cron expressions with what they mean, and when they come by a walk over every minute. */
import * as fc from 'fast-check'

const MINUTE = 60_000

export interface Field {
	text: string
	values: Set<number>
}

export interface Cron {
	text: string
	minute: Field
	hour: Field
	day: Field
	month: Field
	weekday: Field
}

const numbers = (from: number, to: number, step = 1) =>
	new Set(Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, n) => from + n * step))

/** A field in every way that it can be written. */
export function arbitraryField(lowest: number, highest: number, names: string[] = []): fc.Arbitrary<Field> {
	const value = fc.integer({ min: lowest, max: highest })
	const step = fc.integer({ min: 1, max: highest })
	const write = (n: number) => fc.constantFrom(String(n), ...(names[n - lowest] ? [names[n - lowest]!] : []))
	const single = value.chain((n) => write(n).map((text) => ({ text, values: new Set([n]) })))
	const range = fc
		.tuple(value, value, fc.option(step, { nil: undefined }))
		.map(([a, b, by]) => ({ from: Math.min(a, b), to: Math.max(a, b), by }))
		.map(({ from, to, by }) => ({ text: `${from}-${to}${by ? `/${by}` : ''}`, values: numbers(from, to, by) }))
	const list = fc.array(fc.oneof(single, range), { minLength: 1, maxLength: 4 }).map((items) => ({
		text: items.map(({ text }) => text).join(','),
		values: new Set(items.flatMap(({ values }) => [...values])),
	}))
	return fc.oneof(
		{ arbitrary: fc.constant({ text: '*', values: numbers(lowest, highest) }), weight: 2 },
		step.map((n) => ({ text: `*/${n}`, values: numbers(lowest, highest, n) })),
		single,
		list,
	)
}

export const star = (lowest: number, highest: number): Field => ({ text: '*', values: numbers(lowest, highest) })

export const cronOf = (minute: Field, hour: Field, day = star(1, 31), month = star(1, 12), weekday = star(0, 6)): Cron => ({
	...{ minute, hour, day, month, weekday },
	text: [minute, hour, day, month, weekday].map(({ text }) => text).join(' '),
})

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

export const arbitraryCron = fc
	.tuple(
		...[arbitraryField(0, 59), arbitraryField(0, 23), arbitraryField(1, 31)],
		...[arbitraryField(1, 12, MONTHS), arbitraryField(0, 6, WEEKDAYS)],
	)
	.map(([minute, hour, day, month, weekday]) => cronOf(minute!, hour!, day, month, weekday))

const readers = new Map<string, Intl.DateTimeFormat>()

/** What clocks in a zone show at an instant, as if that were UTC. */
export function wallAt(zone: string, at: number): number {
	let reader = readers.get(zone)
	if (!reader) {
		const digits = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const
		reader = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', ...digits })
		readers.set(zone, reader)
	}
	const part = Object.fromEntries(reader.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
	return Date.UTC(part.year!, part.month! - 1, part.day!, part.hour!, part.minute!, part.second!)
}

const offsetAt = (zone: string, at: number) => wallAt(zone, at) - at

/** Whether the clocks of a zone are changed about then. */
export const isNearChange = (zone: string, at: number, by = 25 * 60 * MINUTE): boolean =>
	offsetAt(zone, at - by) !== offsetAt(zone, at + by)

/** The instants at which the clocks of a zone are changed. */
export function changesOf(zone: string, from: number, to: number): number[] {
	const changes: number[] = []
	const day = 24 * 60 * MINUTE
	for (let at = from; at < to; at += day) {
		if (offsetAt(zone, at) === offsetAt(zone, at + day)) continue
		let [before, after] = [at, at + day]
		while (after - before > MINUTE) {
			const middle = before + Math.floor((after - before) / 2 / MINUTE) * MINUTE
			if (offsetAt(zone, middle) === offsetAt(zone, at)) before = middle
			else after = middle
		}
		changes.push(after)
	}
	return changes
}

function asks({ minute, hour, day, month, weekday }: Cron, wall: number): boolean {
	const at = new Date(wall)
	if (!minute.values.has(at.getUTCMinutes()) || !hour.values.has(at.getUTCHours()) || !month.values.has(at.getUTCMonth() + 1)) return false
	const days = [day.values.has(at.getUTCDate()), weekday.values.has(at.getUTCDay())]
	return [day, weekday].some(({ text }) => text.startsWith('*')) ? days.every(Boolean) : days.some(Boolean)
}

/** When a cron comes between two instants, found by looking at every minute. */
export function walk(cron: Cron, zone: string, after: number, until: number): number[] {
	const inHours = cron.hour.text.startsWith('*') || cron.hour.values.size === 24
	const ticks: number[] = []
	const shown = new Set<number>()
	let before = wallAt(zone, after - 26 * 60 * MINUTE)
	for (let at = after - 26 * 60 * MINUTE; at <= until; at += MINUTE) {
		const wall = wallAt(zone, at)
		let isTick = asks(cron, wall) && (inHours || !shown.has(wall))
		if (!inHours) for (let skipped = before + MINUTE; skipped < wall; skipped += MINUTE) isTick ||= asks(cron, skipped)
		if (isTick && at > after) ticks.push(at)
		shown.add(wall)
		before = wall
	}
	return ticks
}
