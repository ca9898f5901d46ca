import test from 'ava'
import type pg from 'pg'
import { type Claim, call, callOne } from '../db/calls.ts'
import { useDb } from './support/db.ts'
import { makeStage, type Stage } from './support/stage.ts'

// What a job costs, in counts that no other load on the machine can change: rows written, WAL, pages looked at. A change
// that makes a job cost more fails here; where it is worth it, the bound is raised in the same commit, with the reason.

const db = useDb(test)

const JOBS = 500
const MANY = 20_000

interface Cost {
	/** Records and bytes of write-ahead log a job. */
	walRecords: number
	walBytes: number
	/** Pages looked at, whether they were in memory or not. */
	pages: number
}

/** What one call of the SQL contract costs in this session, all that it calls included. */
async function costOf(client: pg.Client, sql: string, values: unknown[], jobs: number): Promise<Cost> {
	const { rows } = await client.query(`explain (analyze, buffers, wal, timing off, format json) ${sql}`, values)
	const plan = rows[0]['QUERY PLAN'][0].Plan
	return {
		walRecords: plan['WAL Records'] / jobs,
		walBytes: plan['WAL Bytes'] / jobs,
		pages: (plan['Shared Hit Blocks'] + plan['Shared Read Blocks']) / jobs,
	}
}

/** Rows that this transaction has inserted, updated and deleted, by table; a partition counts for its table. */
async function rowsWritten(client: pg.Client): Promise<Record<string, number>> {
	const { rows } = await client.query(
		`select coalesce(parent.relname, c.relname) as name, sum(s.n_tup_ins)::int as ins, sum(s.n_tup_upd)::int as upd, sum(s.n_tup_del)::int as del
		from pg_stat_xact_user_tables as s
		join pg_class as c on c.oid = s.relid
		left join pg_inherits as i on i.inhrelid = s.relid
		left join pg_class as parent on parent.oid = i.inhparent
		where s.schemaname = 'taskq_private'
		group by 1 having sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del) > 0 order by 1`,
	)
	return Object.fromEntries(
		rows.flatMap(({ name, ...counts }: { name: string; ins: number; upd: number; del: number }) =>
			Object.entries(counts)
				.filter(([, count]) => count)
				.map(([what, count]) => [`${name} ${what}`, count]),
		),
	)
}

/** A transaction that is undone. */
async function undone<T>(client: pg.Client, act: () => Promise<T>): Promise<T> {
	await client.query('begin')
	try {
		return await act()
	} finally {
		await client.query('rollback')
	}
}

const bulk = (stage: Stage, count: number) => JSON.stringify(Array(count).fill({ type: stage.type, payload: { n: 1 } }))
const completions = ({ claim_id, jobs }: Claim) =>
	JSON.stringify(jobs.map(({ job_id }) => ({ claim_id, job_id, outcome: 'completed', result: 1 })))

const SUBMIT = 'select * from taskq.submit_each($1::jsonb)'
const EXCHANGE = 'select * from taskq.claim_next_job($1, $2, $3::jsonb)'

async function warm(stage: Stage, client: pg.Client): Promise<void> {
	for (let n = 0; n < 8; n++) {
		await client.query(SUBMIT, [bulk(stage, 10)])
		const claimed = await callOne<Claim>(client, 'claimNextJob', [stage.worker, 10, null])
		await client.query(EXCHANGE, [stage.worker, 0, completions(claimed)])
	}
}

test.serial('a job is four rows: one asked, one ready, gone from there, one ended; the rest is a row a batch', async (t) => {
	const stage = await makeStage(db, { concurrency: 1000 })
	const client = await db.client()
	await warm(stage, client)
	await client.query('select pg_stat_force_next_flush()')

	const written = await undone(client, async () => {
		await client.query(SUBMIT, [bulk(stage, JOBS)])
		const submitted = await rowsWritten(client)
		const claimed = await callOne<Claim>(client, 'claimNextJob', [stage.worker, JOBS, null])
		await client.query(EXCHANGE, [stage.worker, 0, completions(claimed)])
		return { submitted, all: await rowsWritten(client) }
	})

	t.deepEqual(written.submitted, { 'job_events ins': 1, 'job_specs ins': JOBS, 'ready_jobs ins': JOBS })
	t.deepEqual(written.all, {
		...{ 'claims del': 1, 'claims ins': 1, 'finished_jobs ins': JOBS, 'job_events ins': 3 },
		...{ 'job_specs ins': JOBS, 'ready_jobs del': JOBS, 'ready_jobs ins': JOBS },
	})
})

test.serial('in batches, a job writes and looks at no more than it did', async (t) => {
	const stage = await makeStage(db, { concurrency: 1000 })
	const client = await db.client()
	await warm(stage, client)

	const version = Number((await db.row('show server_version_num')).server_version_num) / 10_000 // from 17 on, many keys are looked up at once
	const costs = await undone(client, async () => {
		const submit = await costOf(client, SUBMIT, [bulk(stage, JOBS)], JOBS)
		const claim = await costOf(client, EXCHANGE, [stage.worker, JOBS, null], JOBS)
		const { rows } = await client.query('select claim_id, job_ids from taskq_private.claims where worker_id = $1', [stage.worker])
		const jobs = rows[0].job_ids.map((job_id: string) => ({ job_id }))
		const complete = await costOf(client, EXCHANGE, [stage.worker, 0, completions({ claim_id: rows[0].claim_id, jobs } as Claim)], JOBS)
		return { submit, claim, complete }
	})

	t.log(costs)
	t.true(costs.submit.walRecords <= 5.2 && costs.submit.walBytes <= 560 && costs.submit.pages <= 9.5)
	t.true(costs.claim.walRecords <= 2.2 && costs.claim.walBytes <= 170 && costs.claim.pages <= 9.5)
	t.true(costs.complete.walRecords <= 4.2 && costs.complete.walBytes <= 440 && costs.complete.pages <= (version < 17 ? 15 : 8.5))
})

test.serial('a claim, a submit and a page look at no more beside twenty thousand jobs in any state', async (t) => {
	const stage = await makeStage(db, { concurrency: 1000, cpuUnits: 4 })
	const client = await db.client()
	await warm(stage, client)
	const measure = () =>
		undone(client, async () => ({
			submit: (await costOf(client, SUBMIT, [bulk(stage, 10)], 1)).pages,
			claim: (await costOf(client, EXCHANGE, [stage.worker, 10, null], 1)).pages,
			empty: (await costOf(client, EXCHANGE, [stage.worker, 10, null], 1)).pages,
			page: (await costOf(client, 'select * from taskq.list_jobs(type => $1)', [[stage.type]], 1)).pages,
			tick: (await costOf(client, 'select * from taskq.tick()', [], 1)).pages,
		}))
	await stage.submit(...Array(100).fill({}))
	await stage.completeAll()
	await measure()
	const before = await measure()

	await stage.submit(...Array(MANY).fill({}))
	for (let left = MANY; left > 0; left -= 1000) await stage.completeAll()
	await stage.submit(...Array(MANY).fill({ run_at: '2999-01-01T00:00:00Z' }))
	const [parent] = await stage.submit({ run_at: '2999-01-01T00:00:00Z' })
	await stage.submit(...Array(MANY).fill({ depends_on: [parent] }))
	await stage.submit(...Array(MANY).fill({ priority: 1, resource_requirements: { cpu_units: 64 } }))
	await db.query('vacuum analyze')
	await measure() // plans anew
	const after = await measure()

	t.log(before, after)
	for (const [name, pages] of Object.entries(after)) t.true(pages <= before[name as keyof typeof before] * 2 + 30, name)
})

test.serial('a worker that empties the queue makes few calls', async (t) => {
	const stage = await makeStage(db, { concurrency: 1000 })
	await stage.submit(...Array(5000).fill({}))
	const counted = async () => (await db.row('select last_value::int as n from taskq_private.claim_ids')).n as number
	const before = await counted()

	for (let outcomes: string | null = null; ; ) {
		const claimed: Claim = (await call<Claim>(db.pool, 'claimNextJob', [stage.worker, JOBS, outcomes]))[0]!
		if (!claimed.claim_id) break
		outcomes = completions(claimed)
	}

	t.is((await counted()) - before, 10)
})

const LOOKS = [
	'select * from taskq.status',
	'select * from taskq.top',
	'select * from taskq.health',
	'select * from taskq.list_type_times()',
]

/** Tables and partitions over 100 pages that were read from end to end in this transaction. */
const scanned = `select c.relname as name from pg_stat_xact_user_tables as s join pg_class as c on c.oid = s.relid
	where s.schemaname = 'taskq_private' and s.seq_scan > 0 and pg_relation_size(c.oid) > 100 * 8192`

test.serial('status, top, health and list_type_times read no large table from end to end, and look at a bounded part', async (t) => {
	const stage = await makeStage(db, { concurrency: 1000, cpuUnits: 4 })
	await stage.submit(...Array(MANY).fill({ run_at: '2999-01-01T00:00:00Z' }))
	await stage.submit(...Array(2 * MANY).fill({}))
	for (let left = MANY; left > 0; left -= 1000) await stage.completeAll()
	await stage.claim(100)
	await db.query('vacuum analyze')
	const client = await db.client()
	await client.query('select pg_stat_force_next_flush()')

	for (const look of LOOKS) {
		const { pages, read } = await undone(client, async () => ({
			pages: (await costOf(client, look, [], 1)).pages,
			read: (await client.query(scanned)).rows,
		}))

		t.log(look, pages)
		t.deepEqual(read, [], look)
		t.true(pages < 6000, `${look}: ${pages}`) // five counts of 10,000, most of them in an index
	}
	const whole = await undone(client, async () => {
		await client.query('select count(payload) from taskq_private.job_specs')
		return (await client.query(scanned)).rowCount
	})
	t.true(whole! > 0, 'reading all of a table was not noticed')
})
