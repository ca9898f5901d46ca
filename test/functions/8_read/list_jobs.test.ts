import { randomUUID } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { submitWorkflow } from '../../support/graph.ts'
import { jobIn, makeStage } from '../../support/stage.ts'

const db = useDb(test)

interface Filters {
	status?: string[]
	type?: string[]
	queue?: string[]
	priority?: number[]
	createdFrom?: string
	createdTo?: string
	runAtFrom?: string
	runAtTo?: string
	metadata?: Record<string, unknown>
	workflowId?: string
}

const values = ({ status, type, queue, priority, createdFrom, createdTo, runAtFrom, runAtTo, metadata, workflowId }: Filters) =>
	[status, type, queue, priority, createdFrom, createdTo, runAtFrom, runAtTo, metadata && JSON.stringify(metadata), workflowId].map(
		(value) => value ?? null,
	)

const list = async (filters: Filters, before: string | null = null, maxRows = 1000) =>
	(await call<{ job_id: string }>(db.pool, 'listJobs', [...values(filters), before, maxRows])).map(({ job_id }) => job_id)
const count = async (filters: Filters) => Number((await call<{ total: string }>(db.pool, 'countJobs', values(filters)))[0]!.total)

/** The same by a plain select, which looks at everything. */
const naive = async (filters: Filters) =>
	(
		await db.rows(
			`select job_id from taskq.jobs
			where ($1::taskq.job_status[] is null or status = any ($1)) and ($2::text[] is null or type = any ($2))
				and ($3::text[] is null or queue = any ($3)) and ($4::smallint[] is null or priority = any ($4))
				and ($5::timestamptz is null or created_at >= $5) and ($6::timestamptz is null or created_at < $6)
				and ($7::timestamptz is null or run_at >= $7) and ($8::timestamptz is null or run_at < $8)
				and ($9::jsonb is null or metadata @> $9) and ($10::uuid is null or workflow_id = $10)
			order by job_id desc`,
			values(filters),
		)
	).map(({ job_id }) => job_id)

const states = ['pending', 'blocked', 'ready', 'running', 'retrying', 'completed', 'failed', 'cancelled']
let made: { types: string[]; instants: string[]; workflows: string[] } | undefined

/** Jobs of two types in every state and of every kind, made once. */
async function jobs() {
	if (made) return made
	const stages = [await makeStage(db), await makeStage(db)]
	const workflows: string[] = []
	for (const stage of stages) {
		for (const state of states) await jobIn(stage, state)
		for (let n = 0; n < 40; n++) {
			const metadata = n % 3 ? { team: n % 2 ? 'a' : 'b', n } : undefined
			const run_at = n % 4 ? undefined : `2999-01-0${(n % 9) + 1}T00:00:00Z`
			await stage.submitOne({ queue: `q${n % 3}`, priority: (n % 10) + 1, metadata, run_at })
		}
		const parts = { a: { metadata: { team: 'a' } }, b: ['a'], c: { queue: 'q1', run_at: '2999-01-04T00:00:00Z' } }
		workflows.push((await submitWorkflow(db, stage, parts)).id, (await submitWorkflow(db, stage, { d: { priority: 1 } })).id)
		await stage.complete(await stage.claim(7))
		await stage.claim(5)
	}
	const instants = (await db.rows('select created_at::text as at from taskq.jobs order by created_at')).map(({ at }) => at)
	made = { types: stages.map(({ type }) => type), instants, workflows }
	return made
}

const some = <T>(values: T[]) => fc.option(fc.array(fc.constantFrom(...values), { maxLength: 3 }), { nil: undefined, freq: 2 })
const maybe = <T>(values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined, freq: 2 })

test.serial('under any filters, pages and count are what a plain select finds', async (t) => {
	const { types, instants, workflows } = await jobs()
	const runAts = [1, 3, 5, 7].map((day) => `2999-01-0${day}T00:00:00Z`)
	const filters = fc.record({
		...{ status: some(states), type: some([...types, 'none']), queue: some(['q0', 'q1', 'default', 'none']), priority: some([1, 2, 3, 9]) },
		...{ createdFrom: maybe(instants), createdTo: maybe(instants), runAtFrom: maybe(runAts), runAtTo: maybe(runAts) },
		...{ metadata: maybe([{}, { team: 'a' }, { n: 5 }, { team: 'c' }]), workflowId: maybe([...workflows, randomUUID()]) },
	})

	await fc.assert(
		fc.asyncProperty(filters, fc.integer({ min: 1, max: 9 }), async (given, pageSize) => {
			const expected = await naive(given)
			t.deepEqual(await list(given), expected)
			t.is(await count(given), expected.length)
			const paged: string[] = []
			for (let page = await list(given, null, pageSize); page.length; page = await list(given, page.at(-1)!, pageSize)) paged.push(...page)
			t.deepEqual(paged, expected)
		}),
		{ numRuns: 150 },
	)
})

test.serial('each filter alone finds what a plain select finds', async (t) => {
	const { types, instants, workflows } = await jobs()
	const middle = instants[Math.floor(instants.length / 2)]!
	const alone: Filters[] = [
		...states.map((state) => ({ status: [state] })),
		...[{ type: [types[0]!] }, { queue: ['q1'] }, { priority: [2] }, { createdFrom: middle }, { createdTo: middle }],
		...[
			{ runAtFrom: '2999-01-03T00:00:00Z' },
			{ runAtTo: '2999-01-03T00:00:00Z' },
			{ metadata: { team: 'a' } },
			{ workflowId: workflows[0]! },
		],
	]

	for (const filters of alone) {
		const found = await list(filters)
		t.deepEqual(found, await naive(filters), JSON.stringify(filters))
		t.true(found.length > 0, JSON.stringify(filters))
	}
})

test.serial('pages neither repeat nor leave out a job while others are submitted', async (t) => {
	const stage = await makeStage(db)
	const ids = await stage.submit(...Array(30).fill({}))
	const filters = { type: [stage.type] }
	const seen: string[] = []

	for (let page = await list(filters, null, 7); page.length; page = await list(filters, page.at(-1)!, 7)) {
		seen.push(...page)
		await stage.submit({}, {}, {})
	}

	t.deepEqual(seen, ids.reverse())
})

test.serial('a status that is named twice counts once', async (t) => {
	const stage = await makeStage(db)
	const ids = await stage.submit({}, {})
	const filters = { type: [stage.type], status: ['ready', 'pending', 'ready'] }

	t.is(await count(filters), 2)
	t.deepEqual(await list(filters, null, 2), ids.reverse())
})

test.serial('a range that begins before all time or never ends is no limit', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const type = [stage.type]

	t.deepEqual(await list({ type, createdFrom: '1900-01-01T00:00:00Z', createdTo: '29999-01-01T00:00:00Z' }), [id])
	t.deepEqual(await list({ type, createdFrom: '-infinity', createdTo: 'infinity' }), [id])
	t.deepEqual(await list({ type, createdFrom: 'infinity' }), [])
})

test.serial('a page has at least one row and at most 1,000', async (t) => {
	const stage = await makeStage(db)
	await stage.submit(...Array(1001).fill({}))
	const type = [stage.type]

	t.is((await list({ type }, null, 100_000)).length, 1000)
	t.is((await list({ type }, null, 0)).length, 1)
	t.is((await db.rows('select * from taskq.list_jobs(type => $1)', [type])).length, 50)
})
