import test from 'ava'
import fc from 'fast-check'
import { registerTypes, useDb } from '../../support/db.ts'
import { submitEach } from '../../support/stage.ts'

const db = useDb(test)

const request = fc.oneof(
	fc.record(
		{
			type: fc.constantFrom<unknown>('plain', 'mail', 'mail', 'nobody-knows', '', 5, null),
			payload: fc.constantFrom<unknown>({}, { to: 'a' }, { to: 1 }, { to: 'a', cc: ['b'] }, [], 'text', null),
			queue: fc.constantFrom<unknown>('default', 'mail', 'a b', null),
			priority: fc.constantFrom<unknown>('high', 2, '2', 'soon', null),
			run_at: fc.constantFrom<unknown>('2031-01-01T00:00:00Z', '2031-02-30T00:00:00Z', 'tomorrow', null),
			timeout_seconds: fc.constantFrom<unknown>(5, 5.0, 5.5, 0, null),
			name: fc.constantFrom<unknown>('a', 'b', '', 7, null),
			metadata: fc.constantFrom<unknown>({}, { team: 'a' }, [], null),
			resource_requirements: fc.constantFrom<unknown>({}, { cpu_units: 1.5 }, { memory_mb: 0.5 }, { gpu: 1 }, null),
			retry_config: fc.constantFrom<unknown>({}, { max_attempts: 2, jitter: 0 }, { jitter: 2 }, null),
			depends_on: fc.constantFrom<unknown>([], ['a'], [['a']], [{ job: 'a', condition: 'soon' }], null),
			expected_seconds: fc.constantFrom<unknown>(1, -1, null),
			concurrency_limit: fc.constantFrom<unknown>(1, null),
			created_by: fc.constantFrom<unknown>('me', null),
			typo: fc.constant(1),
		},
		{ requiredKeys: [] },
	),
	fc.constantFrom<unknown>(null, 5, 'text', [], {}),
)
/** Most are good, so that lists have good and bad ones. */
const mostlyGood = fc
	.tuple(request, fc.subarray(['queue', 'name', 'run_at', 'metadata', 'retry_config', 'payload', 'created_by']))
	.map(([asked, kept]) => {
		if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) return asked
		const fields = Object.entries(asked).filter(([key]) => kept.includes(key))
		return { type: 'plain', ...Object.fromEntries(fields) }
	})

/** What is stored of jobs, without what is another each time. */
const stored = async (ids: (string | null)[]) => {
	const jobs = await db.rows('select * from taskq.jobs where job_id = any ($1)', [ids])
	const byId = new Map(jobs.map(({ job_id, created_at, ready_at, ...job }) => [job_id, job]))
	return ids.map((id) => id && byId.get(id))
}

test('a job is the same, whatever it is submitted with', async (t) => {
	const schema = { type: 'object', required: ['to'], properties: { to: { type: 'string' } } }
	await registerTypes(db, 'plain', { type: 'mail', payload_schema: schema, cpu_units: 2, timeout_seconds: 9 })
	let good = 0

	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.oneof(request, { weight: 2, arbitrary: mostlyGood }), { minLength: 2, maxLength: 12 }),
			async (requests) => {
				const together = await submitEach(db.pool, requests)
				const alone = (await Promise.all(requests.map((asked) => submitEach(db.pool, [asked])))).flat()

				const told = (answers: typeof alone) =>
					answers.map(({ status, created, warnings, error }) => ({ status, created, warnings, error }))
				t.deepEqual(told(together), told(alone))
				t.deepEqual(await stored(together.map(({ job_id }) => job_id)), await stored(alone.map(({ job_id }) => job_id)))
				good += together.filter(({ error }) => !error).length
			},
		),
		{ numRuns: 60 },
	)

	t.true(good > 60, `${good} good jobs are too few to tell`)
})
