import test from 'ava'
import { type Db, makeDb, registerWorker } from '../../support/db.ts'
import { makeStage } from '../../support/stage.ts'

// a database of its own for each, so that what one does is not what another finds

interface Check {
	check_name: string
	status: string
	value: string | null
	found: string | null
	hint: string | null
}

const look = (db: Db) => db.rows<Check>('select * from taskq.health')
const check = async (db: Db, name: string): Promise<Check> => (await look(db)).find((row) => row.check_name === name)!

/** What each check finds in a database that had this done to it: how bad, and the name of the culprit. */
const worse: Record<string, { status: string; found?: RegExp; make: (db: Db) => Promise<unknown> }> = {
	last_tick: {
		status: 'warn',
		async make(db) {
			await makeStage(db)
			await db.query('select taskq.tick()')
			await db.moveClock('151 seconds')
		},
	},
	no_worker: {
		status: 'warn',
		found: /^t-/,
		async make(db) {
			const stage = await makeStage(db)
			await stage.submitOne()
			await db.query('select taskq.stop_worker($1)', [stage.worker])
		},
	},
	too_large: {
		status: 'warn',
		found: /^type t-\w+ of queue default asks for 8\.5 cpu, 0 MB$/,
		make: async (db) => (await makeStage(db, { cpuUnits: 8 })).submitOne({ resource_requirements: { cpu_units: 8.5 } }),
	},
	oldest_ready: {
		status: 'critical',
		found: /^type t-\w+ of queue default$/,
		async make(db) {
			await (await makeStage(db)).submitOne()
			await db.moveClock('2 hours')
		},
	},
	full_pools: {
		status: 'warn',
		found: /^licence$/,
		async make(db) {
			await db.query(`select taskq.set_pool('licence', 1)`)
			const stage = await makeStage(db)
			await stage.submit(...Array(2).fill({ resource_requirements: { licence: 1 } }))
			await stage.claim()
		},
	},
	lost_workers: {
		status: 'critical',
		found: /^test$/,
		async make(db) {
			for (let n = 0; n < 5; n++) await registerWorker(db)
			await db.query(`update taskq_private.workers set heartbeat_at = heartbeat_at - interval '1 day'`)
			await db.query(`select taskq_private.end_worker(worker_id, 'lost', 'lost') from taskq_private.workers`)
		},
	},
	suspects: {
		status: 'warn',
		async make(db) {
			const stage = await makeStage(db)
			await stage.submitOne()
			await db.query(`select taskq_private.end_worker($1, 'lost', 'lost')`, [(await stage.claim()) && stage.worker])
			const second = await stage.addWorker()
			await stage.claim(1, second)
			await db.query(`select taskq_private.end_worker($1, 'lost', 'lost')`, [second])
		},
	},
	failing_types: {
		status: 'critical',
		found: /^t-\w+ 90\.0%$/,
		async make(db) {
			const stage = await makeStage(db)
			await stage.submit(...Array(10).fill({ priority: 5 }))
			await stage.complete(await stage.claim())
			await stage.failAll()
		},
	},
	unsettled_graphs: {
		status: 'warn',
		async make(db) {
			const stage = await makeStage(db)
			const parent = await stage.submitOne({ priority: 1 })
			await stage.submit(...Array(1500).fill({ depends_on: [parent] }))
			await stage.complete(await stage.claim())
			await db.moveClock('1 minute')
		},
	},
	oldest_snapshot: {
		status: 'critical',
		found: /^session \d+ of postgres$/,
		async make(db) {
			const client = await db.client()
			await client.query('begin isolation level repeatable read')
			await client.query('select 1')
			await db.moveClock('1 hour')
		},
	},
	idle_slots: {
		status: 'warn',
		found: /^taskq_health_test$/,
		make: (db) => db.query(`select pg_create_physical_replication_slot('taskq_health_test')`),
	},
	dead_rows: {
		status: 'warn',
		found: /^audit_log$/,
		async make(db) {
			await db.query('alter table taskq_private.audit_log set (autovacuum_enabled = off)')
			const client = await db.client()
			await client.query('begin')
			await client.query(
				'insert into taskq_private.audit_log (at, actor, action, target) select now(), $$$$, $$$$, $$$$ from generate_series(1, 1000000)',
			)
			await client.query('rollback')
			await client.query('select pg_stat_force_next_flush()')
			await client.query('select 1')
		},
	},
	autovacuum_off: {
		status: 'warn',
		found: /^claims$/,
		make: (db) => db.query('alter table taskq_private.claims set (autovacuum_enabled = false)'),
	},
	number_room: {
		status: 'critical',
		found: /^numbers of lanes_lane_id_seq$/,
		make: (db) => db.query(`select setval('taskq_private.lanes_lane_id_seq', 2000000000)`),
	},
	history: { status: 'warn', found: /^events: the next period is not open$/, make: (db) => db.moveClock('4 hours') },
	notification_queue: {
		status: 'warn',
		async make(db) {
			const slow = await db.client()
			await slow.query('listen something')
			await slow.query('begin') // in a transaction it reads nothing
			const client = await db.client()
			const full = async () => (await client.query('select pg_notification_queue_usage() >= 0.01 as is_full')).rows[0].is_full
			while (!(await full()))
				await client.query(`select count(pg_notify('something', n || repeat('x', 7900))) from generate_series(1, 20000) as n`)
		},
	},
}

const cleanUp = `select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = 'taskq_health_test'`

for (const [name, { status, found, make }] of Object.entries(worse)) {
	test.serial(`${name} is ok in a sound database, and else says how bad it is and what to do`, async (t) => {
		const db = await makeDb()
		t.teardown(() => db.drop())
		await makeStage(db)
		t.like(await check(db, name), { status: 'ok', found: null, hint: null })

		await make(db)
		const seen = await check(db, name)
		await db.query(cleanUp)

		t.is(seen.status, status, JSON.stringify(seen))
		if (found) t.regex(seen.found ?? '', found)
		t.truthy(seen.hint)
	})
}

test.serial('there is a test for each check, and what is worst comes first', async (t) => {
	const db = await makeDb()
	t.teardown(() => db.drop())
	await worse.autovacuum_off!.make(db)
	await worse.oldest_ready!.make(db)

	const rows = await look(db)

	t.deepEqual(rows.map(({ check_name }) => check_name).sort(), Object.keys(worse).sort())
	t.is(rows[0]!.status, 'critical')
	t.deepEqual(
		rows.map(({ status }) => ['critical', 'warn', 'unknown', 'ok'].indexOf(status)),
		rows.map(({ status }) => ['critical', 'warn', 'unknown', 'ok'].indexOf(status)).sort(),
	)
})

test.serial('what cannot be seen is unknown and says how to see it; a reader sees all there is', async (t) => {
	const db = await makeDb()
	t.teardown(() => db.drop())
	const client = await db.client()
	await client.query('begin')
	await client.query('revoke pg_read_all_stats from taskq_owner')
	await client.query('set local role taskq_reader')

	const { rows } = await client.query('select * from taskq.health')
	await client.query('rollback')

	t.like(
		rows.find((row) => row.check_name === 'oldest_snapshot'),
		{ status: 'unknown', value: null },
	)
	t.regex(rows.find((row) => row.check_name === 'oldest_snapshot').hint, /grant pg_read_all_stats to taskq_owner/)
	t.is(rows.length, Object.keys(worse).length)
})
