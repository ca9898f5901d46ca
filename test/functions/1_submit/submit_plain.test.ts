import test from 'ava'
import fc from 'fast-check'
import { registerTypes, registerWorker, useDb } from '../../support/db.ts'
import { submitEach } from '../../support/stage.ts'

const db = useDb(test)

const nested = (depth: number): unknown => (depth === 0 ? 'x'.repeat(600) : [nested(depth - 1)])
const schema = { type: 'object', properties: { n: { type: 'integer', minimum: 0 } }, required: ['n'], additionalProperties: false }

const request = fc.record(
	{
		type: fc.constantFrom<unknown>('any', 'any', 'checked', 'checked', 'heavy', 'huge', 'gpu', 'unknown', 5, null),
		payload: fc.constantFrom<unknown>(null, {}, { n: 1 }, { n: 1 }, { n: 1, m: 2 }, { n: -1 }, { n: 'x' }, [], 7, nested(63), nested(65)),
		queue: fc.constantFrom<unknown>('default', 'other', null, 'a b', 5),
		priority: fc.constantFrom<unknown>('high', 'HIGH', '3', 3, 10, 11, 'urgent', null, true, 1.5),
		max_attempts: fc.constant(3),
		timeout_seconds: fc.constantFrom<unknown>(5, 0),
		name: fc.constant('n'),
		resource_requirements: fc.constantFrom({}, { cpu_units: 1 }),
	},
	{ requiredKeys: ['type'] },
)
// most requests have few of these fields, and only such are plain
const usual = fc.record(
	{
		type: fc.constantFrom('any', 'checked', 'heavy', 'huge'),
		payload: fc.constantFrom<unknown>({ n: 1 }, { n: 2 }),
		queue: fc.constantFrom('default', 'other'),
		priority: fc.constantFrom<unknown>('high', 'low', 5),
	},
	{ requiredKeys: ['type', 'payload'] },
)

/** Everything that is stored of a job, but for its id and its instants. */
const stored = (jobId: string | null) =>
	db.row(
		`select to_jsonb(s) - '{job_id,created_at}'::text[] as spec, to_jsonb(r) - '{job_id,ready_at}'::text[] as ready,
			round(date_part('epoch', s.created_at - r.ready_at) * 1000000) as position, taskq_private.job_id_floor(s.created_at) <= s.job_id as is_in_id,
			(select jsonb_agg(to_jsonb(e) - '{event_id,at,xid,horizon,job_ids,lane_ids}'::text[]) from taskq_private.job_events as e where e.job_ids @> array[$1::uuid]) as events
		from (select) as one
		left join taskq_private.job_specs as s on s.job_id = $1
		left join taskq_private.ready_jobs as r on r.job_id = $1`,
		[jobId],
	)

const isPlain = async (...requests: unknown[]) =>
	(await db.row('select job_ids is not null as plain from taskq_private.submit_plain($1, now())', [JSON.stringify(requests)])).plain

test('a list that goes the short way is stored and answered as one that does not', async (t) => {
	await registerTypes(db, { type: 'any' }, { type: 'checked', payload_schema: schema, max_attempts: 7, timeout_seconds: 60, jitter: 0.5 })
	await registerTypes(
		db,
		{ type: 'heavy', cpu_units: 1.5, memory_mb: 100 },
		{ type: 'huge', cpu_units: 500 },
		{ type: 'gpu', resources: { gpu: 1 } },
	)
	await registerWorker(db, { types: ['any', 'checked', 'heavy', 'huge', 'gpu'] })
	let plain = 0
	let bad = 0

	await fc.assert(
		fc.asyncProperty(fc.oneof(request, usual), fc.integer({ min: 1, max: 3 }), async (one, length) => {
			// what is no object is not plain, and harms no other
			const [, usually] = await submitEach(db.pool, [null, one])
			const answers = await submitEach(db.pool, Array(length).fill(one))

			const expected = await stored(usually!.job_id)
			for (const [n, { job_id, ...answer }] of answers.entries()) {
				t.deepEqual({ ...answer, job_id: usually!.job_id }, { ...usually!, position: n })
				const rows = await stored(job_id)
				t.deepEqual(rows, { ...expected, position: rows.position })
				t.is(rows.position, job_id && n + 1)
			}
			if (!usually!.job_id) bad++
			else if (await isPlain(...Array(length).fill(one))) plain++
		}),
		{ numRuns: 400 },
	)

	t.true(plain > 100 && bad > 50, `${plain} plain and ${bad} bad lists are too few to tell`)
})

test('the first job of a lane, one with anything of its own, and a list of different ones, take the long way', async (t) => {
	await registerTypes(db, { type: 'new' })

	t.false(await isPlain({ type: 'new' }))
	await submitEach(db.pool, [{ type: 'new' }])
	t.true(await isPlain({ type: 'new' }))
	t.true(await isPlain({ type: 'new', payload: 1 }, { type: 'new', payload: null }, { type: 'new' }))
	for (const other of [{ type: 'new', priority: 'low' }, { type: 'new', name: 'n' }, { type: 'none' }, 'text', null])
		t.false(await isPlain({ type: 'new' }, other), JSON.stringify(other))
	for (const none of [[], ['text'], [null], [{}]]) t.false(await isPlain(...none), JSON.stringify(none))
	for (const own of [
		{ idempotency_key: 'k' },
		{ name: 'n' },
		{ run_at: '2030-01-01T00:00:00Z' },
		{ depends_on: [] },
		{ concurrency_key: 'c' },
	])
		t.false(await isPlain({ type: 'new', ...own }), JSON.stringify(own))
})
