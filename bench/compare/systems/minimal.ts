/** The limit: what is left of a queue that keeps nothing and decides nothing. */
import pg from 'pg'
import type { Client, Payload, System } from '../system.ts'

const BATCH = 500
/** Notifications come first; this is for one that is lost. */
const LOOK_MS = 1_000

const schema = `
create table jobs (id bigint generated always as identity primary key, queue text not null, run_at timestamptz not null default now(), locked_at timestamptz, payload json not null);
create index jobs_next on jobs (queue, run_at, id) where locked_at is null;
`

/** One round trip: what has ended goes, what comes is marked. */
const EXCHANGE = `
with gone as (delete from jobs where id = any ($1::bigint[])),
next as materialized (
	select id from jobs where queue = 'bench' and run_at <= now() and locked_at is null order by run_at, id limit ${BATCH} for update skip locked
)
update jobs set locked_at = now() where id = any (array(select id from next)) returning id, payload`

/** Commits that notify come one after the other, so only one at a time does: what it hides is found by the next look. */
const HINT = `select pg_notify('jobs', '') where pg_try_advisory_xact_lock(1)`

async function connect(url: string, connections: number): Promise<Client> {
	const pool = new pg.Pool({ connectionString: url, max: connections })
	const first = (await pool.query('select coalesce(max(id), 0) as id from jobs')).rows[0].id
	const insert = { name: 'one', text: `with job as (insert into jobs (queue, payload) values ('bench', $1)) ${HINT}` }
	const text = `with job as (insert into jobs (queue, payload) select 'bench', value from json_array_elements($1::json)) ${HINT}`
	return {
		submitOne: (payload) => pool.query({ ...insert, values: [JSON.stringify(payload)] }),
		submitMany: (payloads) => pool.query({ name: 'many', text, values: [JSON.stringify(payloads)] }),
		isBusy: async () => (await pool.query('select exists (select from jobs where id > $1) as busy', [first])).rows[0].busy,
		close: () => pool.end(),
	}
}

async function work(url: string, handle: (payload: Payload) => void): Promise<{ stop(): Promise<unknown> }> {
	const [db, listener] = [new pg.Client(url), new pg.Client(url)]
	await Promise.all([db.connect(), listener.connect()])
	let stopping = false
	let hinted = false
	let wake = () => {}
	listener.on('notification', () => {
		hinted = true
		wake()
	})
	await listener.query('listen jobs')
	const loop = (async () => {
		let ended: string[] = []
		while (!stopping || ended.length > 0) {
			hinted = false
			const { rows } = await db.query({ name: 'exchange', text: EXCHANGE, values: [ended] })
			for (const { payload } of rows) handle(payload)
			ended = rows.map(({ id }) => id)
			if (rows.length > 0 || hinted) continue
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, LOOK_MS)
				wake = () => {
					clearTimeout(timer)
					resolve()
				}
			})
		}
	})()
	return {
		async stop() {
			stopping = true
			wake()
			await loop
			await Promise.all([db.end(), listener.end()])
		},
	}
}

const load = (queue: string, at: string) => (db: pg.Client, jobs: number) =>
	db.query(`insert into jobs (queue, run_at, payload) select $2, ${at}, '{"n": 0}' from generate_series(1, $1::int) as n`, [jobs, queue])

export const minimal: System = {
	name: 'minimal',
	title: 'minimal',
	settings: `One table, one index, and one statement a round trip that deletes what has ended and marks the next ${BATCH}; LISTEN for new jobs.`,
	source: 'bench/compare/systems/minimal.ts',
	keeps: 'Nothing: a job that has ended is deleted by the call that says so.',
	guarantees: 'None beyond one job to one worker at a time: no retries, no rescue of what a dead worker held, no priorities, no answers.',
	install: async (url) => {
		const db = new pg.Client(url)
		await db.connect()
		await db.query(schema)
		await db.end()
	},
	connect,
	work,
	backlogs: {
		scheduled: { says: 'scheduled for next week', load: load('bench', `now() + interval '7 days' + n * interval '1 ms'`) },
		finished: 'keeps none',
		unfit: { says: 'ready jobs of a queue that no worker serves', load: load('other', `now() - interval '1 hour' + n * interval '1 ms'`) },
	},
}
