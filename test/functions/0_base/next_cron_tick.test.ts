import test from 'ava'
import { Cron as Croner } from 'croner'
import * as fc from 'fast-check'
import { arbitraryCron, arbitraryField, type Cron, changesOf, cronOf, isNearChange, star, walk } from '../../support/cron.ts'
import { useDb } from '../../support/db.ts'

const db = useDb(test)

const zones = [
	...['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'Asia/Kathmandu', 'Pacific/Apia'],
	...['Africa/Casablanca', 'Asia/Kolkata'], // clocks are changed twice more a year; none are
]

/** The next ticks; none where a cron never comes. */
async function ticksOf(cron: string, zone: string, after: number, count: number): Promise<number[]> {
	const values = [cron, zone, count, new Date(after).toISOString()]
	const sql = 'select * from taskq.preview_schedule(cron => $1, time_zone => $2, count => $3, after => $4) as at'
	return (await db.rows(sql, values).catch((error) => (error.code === 'TQ422' ? [] : Promise.reject(error)))).map(({ at }) => at.getTime())
}

const iso = (ticks: number[]) => ticks.map((tick) => new Date(tick).toISOString())
// Node and PostgreSQL each have their own list of zones: of what has been, they say the same
const startAt = fc.date({ min: new Date('1995-01-01'), max: new Date('2019-01-01'), noInvalidDate: true })

/** croner takes a step over all days for a restriction, cron does not: they agree where at most one of both days is written. */
const agreed = arbitraryCron.filter(
	({ day, weekday }) => day.text === '*' || weekday.text === '*' || ![day, weekday].some(({ text }) => text.startsWith('*')),
)

test('any cron comes when croner says, but for days on which clocks are changed', async (t) => {
	let compared = 0
	const property = fc.asyncProperty(agreed, fc.constantFrom(...zones), startAt, async (cron, zone, start) => {
		const after = start.getTime()
		const expected = new Croner(cron.text, { timezone: zone }).nextRuns(6, start).map((run) => run.getTime())
		const found = await ticksOf(cron.text, zone, after, 6)
		const differs = found.findIndex((tick, n) => tick !== expected[n])
		if (differs >= 0 && [found[differs]!, expected[differs]].some((tick) => tick && isNearChange(zone, tick))) return
		t.deepEqual(iso(found.slice(0, expected.length)), iso(expected), `${cron.text} in ${zone} after ${start.toISOString()}`)
		compared++
	})

	await fc.assert(property, { numRuns: 400 })

	t.true(compared > 250, `${compared}`)
})

/** Hours and minutes about the time at which clocks are changed. */
const aboutChanges: fc.Arbitrary<Cron> = fc
	.tuple(
		fc.oneof(arbitraryField(0, 59), fc.constantFrom({ text: '30', values: new Set([30]) }, { text: '0', values: new Set([0]) })),
		fc.oneof(
			arbitraryField(0, 23),
			fc.integer({ min: 0, max: 3 }).map((n) => ({ text: String(n), values: new Set([n]) })),
			fc.constantFrom(star(0, 23), { text: '0-23', values: star(0, 23).values }, { text: '1-3', values: new Set([1, 2, 3]) }),
		),
		fc.oneof({ arbitrary: fc.constant(star(0, 6)), weight: 4 }, arbitraryField(0, 6)),
	)
	.map(([minute, hour, weekday]) => cronOf(minute, hour, undefined, undefined, weekday))

const DAY = 86_400_000
const changes = zones.flatMap((zone) => changesOf(zone, Date.UTC(2010), Date.UTC(2020)).map((at) => ({ zone, at })))

test('about every change of clocks, ticks are those that a walk over every minute finds', async (t) => {
	const minutesBefore = fc.oneof(fc.integer({ min: -120, max: 180 }), fc.integer({ min: -1440, max: 2 * 1440 }))
	const property = fc.asyncProperty(aboutChanges, fc.constantFrom(...changes), minutesBefore, async (cron, { zone, at }, minutes) => {
		const after = at - minutes * 60_000
		const expected = walk(cron, zone, after, after + 2 * DAY).slice(0, 150)
		const found = expected.length ? await ticksOf(cron.text, zone, after, expected.length) : []
		t.deepEqual(iso(found), iso(expected), `${cron.text} in ${zone} after ${new Date(after).toISOString()}`)
	})

	t.true(changes.length > 80, `${changes.length}`)
	await fc.assert(property, { numRuns: 200 })
})

const cases: [what: string, cron: string, zone: string, after: string, ticks: string[]][] = [
	['a time that is skipped comes right after the gap', '30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', ['03-29T01:00', '03-30T00:30']],
	['many that are skipped come once', '*/10 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', ['03-29T01:00', '03-30T00:00', '03-30T00:10']],
	['the end of the gap itself is no second tick', '0 2,3 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', ['03-29T01:00', '03-30T00:00']],
	['a time that is shown twice comes at the first', '30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', ['10-25T00:30', '10-26T01:30']],
	['between the two, it has been', '30 2 * * *', 'Europe/Berlin', '2026-10-25T00:45Z', ['10-26T01:30']],
	['an hourly one comes every hour', '30 * * * *', 'Europe/Berlin', '2026-10-24T23:45Z', ['10-25T00:30', '10-25T01:30', '10-25T02:30']],
	['and skips no hour that passes', '30 * * * *', 'Europe/Berlin', '2026-03-29T00:00Z', ['03-29T00:30', '03-29T01:30', '03-29T02:30']],
	['half an hour is shown twice', '45 1 * * *', 'Australia/Lord_Howe', '2026-04-04T00:00Z', ['04-04T14:45', '04-05T15:15']],
	['half an hour is skipped', '15 2 * * *', 'Australia/Lord_Howe', '2026-10-02T18:00Z', ['10-03T15:30', '10-04T15:15']],
	['midnight is skipped', '0 0 * * *', 'America/Sao_Paulo', '2018-11-03T12:00Z', ['11-04T03:00', '11-05T02:00']],
	['midnight is shown twice', '30 23 * * *', 'America/Sao_Paulo', '2018-02-17T12:00Z', ['02-18T01:30', '02-19T02:30']],
	['a day is skipped', '0 12 * * *', 'Pacific/Apia', '2011-12-29T00:00Z', ['12-29T22:00', '12-30T10:00', '12-30T22:00']],
	['three quarters of an hour from UTC', '0 9 * * *', 'Asia/Kathmandu', '2026-01-01T00:00Z', ['01-01T03:15', '01-02T03:15']],
	['the second Sunday of March', '30 2 * * SUN', 'America/New_York', '2026-03-07T12:00Z', ['03-08T07:00', '03-15T06:30']],
	['either day will do', '0 0 13 * FRI', 'UTC', '2026-02-01T00:00Z', ['02-06T00:00', '02-13T00:00', '02-20T00:00']],
	['a step over all days is no restriction', '0 0 */2 * MON', 'UTC', '2026-02-01T00:00Z', ['02-09T00:00', '02-23T00:00', '03-09T00:00']],
	['the last day', '0 0 L * *', 'UTC', '2028-01-15T00:00Z', ['01-31T00:00', '02-29T00:00', '03-31T00:00']],
	['the 15th and the last day', '0 0 15,L * *', 'UTC', '2027-02-01T00:00Z', ['02-15T00:00', '02-28T00:00', '03-15T00:00']],
	['a month with an end', '0 0 31 * *', 'UTC', '2026-01-31T00:00Z', ['03-31T00:00', '05-31T00:00']],
	['a week ends on a Sunday', '0 0 * * FRI-SUN', 'UTC', '2026-02-02T00:00Z', ['02-06T00:00', '02-07T00:00', '02-08T00:00', '02-13T00:00']],
	['7 is a Sunday', '0 0 * * 7', 'UTC', '2026-02-02T00:00Z', ['02-08T00:00', '02-15T00:00']],
	['tabs, blanks and lower case', ' 0\t9  * jan mon ', 'UTC', '2026-01-01T00:00Z', ['01-05T09:00', '01-12T09:00']],
	['@weekly', '@weekly', 'UTC', '2026-02-02T00:00Z', ['02-08T00:00', '02-15T00:00']],
	['@YEARLY', '@YEARLY', 'UTC', '2026-02-02T00:00Z', ['01-01T00:00']],
]

for (const [what, cron, zone, after, ticks] of cases)
	test(`${cron.trim()} in ${zone}: ${what}`, async (t) => {
		const found = iso(await ticksOf(cron, zone, Date.parse(after), ticks.length))

		t.deepEqual(
			found.map((tick) => tick.slice(5, 16)),
			ticks,
		)
	})

test('a 29 February that is a Sunday is found 40 years on, and fast', async (t) => {
	const [tick] = await ticksOf('0 0 29 2 */7', 'Europe/Berlin', Date.UTC(2088, 2), 1)

	t.is(new Date(tick!).toISOString(), '2128-02-28T23:00:00.000Z')
})

test('what never comes is refused', async (t) => {
	for (const cron of ['0 0 30 2 *', '0 0 31 4,6,9,11 *', '0 0 30-31 FEB */1'])
		t.deepEqual(await ticksOf(cron, 'UTC', Date.UTC(2026), 1), [], cron)
	t.is((await ticksOf('0 0 30 2 MON', 'UTC', Date.UTC(2026), 1)).length, 1)
})
