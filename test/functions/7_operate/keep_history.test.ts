import { randomUUID } from 'node:crypto'
import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { submitGraph, submitWorkflow, workflowOf } from '../../support/graph.ts'
import { openSession } from '../../support/sessions.ts'
import { jobIn, makeStage, submitEach } from '../../support/stage.ts'

const db = useDb(test)

interface Period {
	family: string
	name: string
	starts_at: Date
	ends_at: Date | number
}

const periods = (family = 'jobs') =>
	db.rows<Period>('select * from taskq_private.history_periods where family = $1 order by starts_at', [family])
const names = async (family?: string) => (await periods(family)).map(({ name }) => name)
/** A step, as tick() takes it. */
const keep = () => db.query('begin; set local role taskq_owner; select taskq_private.keep_history(); commit')
/** Takes steps until nothing more is due: one that could not be taken is tried again a minute later. */
async function keepUp(): Promise<void> {
	const state = async () => JSON.stringify(await db.rows('table taskq_private.history_periods'))
	for (let before = '', now = await state(); before !== now; ) {
		before = now
		await keep()
		now = await state()
	}
}
const exists = async (id: string) => (await db.rows('select from taskq.jobs where job_id = $1', [id])).length === 1
const partitionOf = async (table: string, id: string) =>
	(await db.row(`select tableoid::regclass::text as name from taskq_private.${table} where job_id = $1`, [id])).name.replace(
		`taskq_private.${table}_`,
		'',
	)
const tables = async () =>
	(await db.rows(`select relname as name from pg_class where relispartition and relkind = 'r' and relname like any ('{job_%,finished_%}')`))
		.map(({ name }) => name as string)
		.sort()
/** What has been submitted so far is in periods that have ended; a period is four hours long. */
async function turnPeriod(): Promise<void> {
	await db.moveClock('5 hours')
	await keepUp()
}
/** From then on those may go; in a few hours more they are late. */
const LATER = '23 hours'

test.beforeEach(async () => {
	// every period is large enough to go whole
	await db.query(
		'create or replace function taskq_private.large_period_bytes() returns bigint language sql immutable parallel safe as $$ select -1::bigint $$',
	)
	// whatever the test before has left, this one begins in a period of four hours
	await keepUp()
	await db.moveClock('4 hours')
	await keepUp()
})

test.serial('there is always a period for what comes next, and each has a partition of each table', async (t) => {
	for (let n = 0; n < 12; n++) {
		await db.moveClock('1 hour')
		await keepUp()
		for (const family of ['jobs', 'events']) {
			const all = await periods(family)
			const { now } = await db.row('select taskq_private.clock() as now')
			t.true(all.at(-1)!.starts_at > now, `${family}: the newest has begun`)
			for (const [n, period] of all.slice(1).entries()) t.deepEqual(period.starts_at, all[n]!.ends_at)
		}
	}
	const expected = [
		...(await names('events')).map((name) => `job_events_${name}`),
		...(await names()).flatMap((name) => ['job_specs', 'finished_jobs', 'job_attempts', 'job_logs'].map((table) => `${table}_${name}`)),
	]
	t.deepEqual(await tables(), expected.sort())
})

test.serial('what came while nobody ticked moves to the period that is opened for it', async (t) => {
	const stage = await makeStage(db)
	await db.moveClock('3 days')
	const id = await jobIn(stage, 'completed')
	const before = await partitionOf('finished_jobs', id)

	await keepUp()

	const { name } = (await periods()).at(-3)!
	t.deepEqual([before, await partitionOf('finished_jobs', id), await partitionOf('job_specs', id)], ['new', name, name])
	t.is(await stage.status(id), 'completed')
})

test.serial('a period goes whole when it has been kept for job_ttl_seconds, with all that is known of its jobs', async (t) => {
	const stage = await makeStage(db)
	const [id] = await stage.submit({ idempotency_key: randomUUID() })
	const claimed = await stage.claim()
	await callOne(db.pool, 'logJobs', [stage.worker, JSON.stringify([{ claim_id: claimed.claim_id, job_id: id, message: 'x' }])]).catch(
		() => {},
	)
	await stage.completeAll()
	await stage.complete(claimed)
	const name = await partitionOf('finished_jobs', id!)
	await turnPeriod()
	await db.query('select taskq_private.delete_expired()')
	const early = [await exists(id!), (await names()).includes(name)]
	await db.moveClock(LATER)

	await db.query('select taskq_private.delete_expired()')
	const rowsAreLeft = await exists(id!)
	await keepUp()

	t.deepEqual([...early, rowsAreLeft], [true, true, true])
	t.deepEqual([await exists(id!), (await names()).includes(name)], [false, false])
	t.false((await tables()).some((table) => table.endsWith(name)))
})

test.serial('whatever has not ended stays, wherever it is, and ends as it would have', async (t) => {
	const stage = await makeStage(db)
	const ids: Record<string, string> = {}
	for (const state of ['pending', 'blocked', 'retrying', 'running']) ids[state] = await jobIn(stage, state)
	ids.ready = await stage.submitOne({ payload: { still: 'here' } })
	const name = await partitionOf('job_specs', ids.ready)
	await turnPeriod()
	await db.moveClock(LATER)

	await keepUp()

	t.false((await names()).includes(name))
	for (const [state, id] of Object.entries(ids)) t.is(await stage.status(id), state === 'retrying' ? 'retrying' : state)
	await db.query('select taskq_private.promote_due_jobs(1000)')
	await stage.completeAll()
	t.is(await stage.status(ids.ready), 'completed')
	t.deepEqual((await stage.job(ids.ready)).payload, { still: 'here' })
})

test.serial('what ended late in its period is kept as long as the rest', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	await turnPeriod()
	await db.moveClock('20 hours')
	await stage.completeAll()
	await db.moveClock('4 hours')
	await keepUp()
	const soon = await exists(id)
	await db.moveClock('20 hours')
	await keepUp()
	await db.query('select taskq_private.delete_expired()')

	t.deepEqual([soon, await exists(id)], [true, false])
})

test.serial('a parent stays while a child has not ended, members while their workflow runs', async (t) => {
	const stage = await makeStage(db)
	const parent = await jobIn(stage, 'completed')
	const child = await stage.submitOne({ depends_on: [parent], run_at: '2999-01-01T00:00:00Z' })
	const { id: workflow, ids } = await submitWorkflow(db, stage, { a: [], b: { run_at: '2999-01-01T00:00:00Z' } })
	await stage.completeAll()
	await turnPeriod()
	await db.moveClock(LATER)
	await keepUp()

	const kept = await Promise.all([parent, child, ids.a!, ids.b!].map(exists))
	await db.query('select taskq.cancel_job($1)', [child])
	await db.query('select taskq.cancel_job($1)', [ids.b])
	await callOne(db.pool, 'tick', [])
	const { status } = await workflowOf(db, workflow)
	await db.moveClock('2 days')
	for (let n = 0; n < 3; n++) await db.query('select taskq_private.delete_expired()')

	t.deepEqual([kept, status], [[true, true, true, true], 'cancelled'])
	t.deepEqual(await Promise.all([parent, child, ids.a!, ids.b!].map(exists)), [false, false, false, false])
	t.deepEqual(await db.rows('select from taskq.workflows where workflow_id = $1', [workflow]), [])
})

test.serial('keys, edges, workflows and concurrency keys go with the jobs that they belong to', async (t) => {
	const stage = await makeStage(db)
	const key = randomUUID()
	const plain = { type: stage.type, idempotency_key: key }
	await submitEach(db.pool, [plain, { type: stage.type, concurrency_key: key }])
	const graph = await submitGraph(db, stage, { a: [], b: ['a'] })
	const { id: workflow } = await submitWorkflow(db, stage, { a: [], b: ['a'] })
	for (let n = 0; n < 3; n++) await stage.completeAll()
	await callOne(db.pool, 'tick', [])
	await turnPeriod()
	await db.moveClock(LATER)

	await keepUp()

	const counts = await db.row(
		`select (select count(*) from taskq_private.job_dependencies where job_id = $1)::int as edges,
			(select count(*) from taskq_private.workflows where workflow_id = $2)::int as workflows,
			(select count(*) from taskq_private.concurrency_keys where concurrency_key = $3)::int as keys`,
		[graph.b, workflow, key],
	)
	t.deepEqual(counts, { edges: 0, workflows: 0, keys: 0 })
	t.true((await submitEach(db.pool, [{ ...plain, priority: 1 }]))[0]!.created)
})

test.serial('a period of which more than 10,000 jobs must stay is cleared job by job when it is late', async (t) => {
	const stage = await makeStage(db)
	const done = await jobIn(stage, 'completed')
	const waiting = await stage.submit(...Array(10_001).fill({ run_at: '2999-01-01T00:00:00Z' }))
	const name = await partitionOf('finished_jobs', done)
	await turnPeriod()
	await db.moveClock(LATER)
	await keepUp()
	await db.query('select taskq_private.delete_expired()')
	const whenDue = [(await names()).includes(name), await exists(done)]
	await db.moveClock('4 hours')
	await db.query('select taskq_private.delete_expired()')
	const whenLate = [(await names()).includes(name), await exists(done)]
	await db.query('select taskq.cancel_job($1)', [waiting[0]])
	await db.query('delete from taskq_private.waiting_jobs where job_id = any ($1)', [waiting.slice(1)])
	await db.query('delete from taskq_private.job_specs where job_id = any ($1)', [waiting.slice(1)])
	await db.moveClock('1 minute')

	await keepUp()

	t.deepEqual(
		[whenDue, whenLate],
		[
			[true, true],
			[true, false],
		],
	)
	t.false((await names()).includes(name))
	t.is(await stage.status(waiting[0]!), 'cancelled')
})

test.serial('somebody who reads history for long delays it, and nothing else', async (t) => {
	const stage = await makeStage(db)
	const id = await jobIn(stage, 'completed')
	const name = await partitionOf('finished_jobs', id)
	await turnPeriod()
	await db.moveClock(LATER)
	const reader = await openSession(db)
	await reader.query('begin')
	await reader.query('select count(*) from taskq.jobs')

	const ran: boolean[] = []
	for (let n = 0; n < 6; n++) ran.push((await callOne<{ ran: boolean }>(db.pool, 'tick', [])).ran)
	const meanwhile = (await names()).includes(name)
	await reader.query('commit')
	await keepUp()
	const atOnce = (await names()).includes(name)
	await db.moveClock('61 seconds')
	await keepUp()

	t.deepEqual([ran, meanwhile, atOnce], [Array(6).fill(true), true, true])
	t.false((await names()).includes(name))
})

test.serial('a period that is late stays late when the ones after it are dropped into it', async (t) => {
	const stage = await makeStage(db)
	const name = await partitionOf('job_specs', await stage.submitOne())
	const isWhole = async () =>
		(
			await db.row(
				`select taskq_private.goes_whole(p, taskq_private.clock() - interval '1 day') as is from taskq_private.history_periods as p where family = 'jobs' and name = $1`,
				[name],
			)
		).is
	await turnPeriod()
	await db.moveClock(LATER)
	const whenDue = await isWhole()
	await db.moveClock('4 hours')
	await db.query(`update taskq_private.history_periods set ends_at = ends_at + interval '8 hours' where family = 'jobs' and name = $1`, [
		name,
	])

	const whenStretched = await isWhole()

	await db.query(`update taskq_private.history_periods set ends_at = ends_at - interval '8 hours' where family = 'jobs' and name = $1`, [
		name,
	])
	t.deepEqual([whenDue, whenStretched], [true, false])
})

test.serial('what goes wrong with history keeps tick from nothing else, and is tried again later', async (t) => {
	const stage = await makeStage(db)
	const { at } = await db.row(`select taskq_private.clock() + interval '1 hour' as at`)
	const id = await stage.submitOne({ run_at: at.toISOString() })
	const { definition } = await db.row(`select pg_get_functiondef('taskq_private.history_tables'::regproc) as definition`)
	await db.query(
		`create or replace function taskq_private.history_tables(family text) returns text[] language sql immutable as $$ select array['no_such_table'] $$`,
	)
	await db.moveClock('5 hours')
	const before = await names()

	const { ran, promoted } = await callOne<{ ran: boolean; promoted: number }>(db.pool, 'tick', [])
	await db.query(definition)
	const meanwhile = await names()
	await db.moveClock('61 seconds')
	await keepUp()

	t.true(ran && promoted > 0)
	t.is(await stage.status(id), 'ready')
	t.deepEqual(meanwhile, before)
	t.notDeepEqual(await names(), before)
})

test.serial('events go with their period, and their numbers go on', async (t) => {
	const stage = await makeStage(db)
	await jobIn(stage, 'completed')
	const { last } = await db.row('select max(event_id) as last from taskq_private.job_events')
	await db.query(`insert into taskq_private.job_events_old (at, event, job_ids, lane_ids) values ('2020-01-01', 'job_ready', '{}', '{}')`)
	await db.moveClock('81 minutes')
	await keepUp()
	const early = await db.rows('select from taskq_private.job_events where event_id = $1', [last])
	await db.moveClock('4 hours')
	await keepUp()
	await stage.submitOne()

	const late = await db.row('select min(event_id) as first from taskq_private.job_events')
	t.is(early.length, 1)
	t.deepEqual(await db.rows('select from taskq_private.job_events_old'), [], 'what was there before periods goes too')
	t.true(BigInt(late.first) > BigInt(last))
})
