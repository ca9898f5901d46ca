import test from 'ava'
import fc from 'fast-check'
import { useDb } from '../../support/db.ts'

const db = useDb(test)

const idAt = async (instant: string, position = 0) =>
	(await db.row('select taskq_private.job_id_at($1, $2) as id', [instant, position])).id as string
const floorOf = async (instant: string) => (await db.row('select taskq_private.job_id_floor($1) as id', [instant])).id as string

test('an id is a uuid of version 7', async (t) => {
	t.regex(await idAt('2030-01-01T00:00:00Z'), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('ids sort by their instant to the microsecond, and by their position within', async (t) => {
	const ids = await Promise.all([
		idAt('2030-01-01T00:00:00.000001Z'),
		idAt('2030-01-01T00:00:00.000001Z', 1),
		idAt('2030-01-01T00:00:00.000999Z'),
		idAt('2030-01-01T00:00:00.000999Z', 1),
		idAt('2030-01-01T00:00:00.002Z'),
	])

	t.deepEqual([...ids].sort(), ids)
})

test('two ids of one instant differ', async (t) => {
	t.not(await idAt('2030-01-01T00:00:00Z'), await idAt('2030-01-01T00:00:00Z'))
})

test('every id is at or above the floor of its instant and below the next', async (t) => {
	await fc.assert(
		fc.asyncProperty(fc.integer({ min: 0, max: 4_000_000_000 }), fc.integer({ min: 0, max: 999_999 }), async (seconds, micros) => {
			const { ok } = await db.row(
				`select id >= taskq_private.job_id_floor(at) and id < taskq_private.job_id_floor(at + interval '1 microsecond') as ok
				from (select at, taskq_private.job_id_at(at) as id from (select to_timestamp($1) + $2 * interval '1 microsecond' as at) as i) as t`,
				[seconds, micros],
			)
			return ok
		}),
		{ numRuns: 50 },
	)
	t.pass()
})

test('an instant before 1970 or without end has a floor too', async (t) => {
	t.is(await floorOf('1900-01-01'), await floorOf('1970-01-01T00:00:00Z'))
	t.is(await floorOf('-infinity'), await floorOf('1970-01-01T00:00:00Z'))
	t.is(await floorOf('infinity'), await floorOf('29999-01-01'))
	t.true((await floorOf('infinity')) > (await floorOf('2500-01-01')))
})
