import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startEmbedded } from '../db/embedded.ts'
import { migrate } from '../db/migrate.ts'
import '../db/pool.ts'
import type { Stops } from './workflow-workers.ts'

/** Durability is of no use to a database that is thrown away. */
const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', shared_buffers: '256MB', max_wal_size: '2GB' }

/**
 * A migrated database that is removed at the end: its clock will be moved, so it is nobody else's. It is on the server of
 * DATABASE_URL, or on a PostgreSQL of its own.
 */
export async function openDatabase(stops: Stops): Promise<string> {
	let server = process.env.DATABASE_URL
	if (!server) {
		const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-simulate-'))
		stops.push(() => fs.rmSync(dataDir, { recursive: true, force: true }))
		const postgres = await startEmbedded({ dataDir, settings: SETTINGS })
		stops.push(() => postgres.stop())
		server = postgres.url
	}
	const name = `taskq_simulate_${process.pid}_${Date.now()}`
	const admin = new pg.Client(server)
	await admin.connect()
	stops.push(() => admin.end())
	await admin.query(`create database ${name}`)
	stops.push(() => drop(admin, name))
	const url = Object.assign(new URL(server), { pathname: `/${name}` }).href
	await migrate(url, { patienceMs: 0 })
	return url
}

/** graphile-migrate keeps its connections for a moment; to end them would end this process. */
async function drop(admin: pg.Client, name: string): Promise<void> {
	const sessions = `select from pg_stat_activity where datname = $1 and backend_type = 'client backend'`
	while ((await admin.query(sessions, [name])).rowCount) await sleep(20)
	await admin.query(`drop database ${name}`)
}

/** A session in which taskq's clock shows what it is told. In all other sessions of that database it goes on as ever. */
export async function openSession(url: string): Promise<pg.Client> {
	const session = new pg.Client({ connectionString: url, application_name: 'taskq simulate' })
	await session.connect()
	await session.query('set role taskq_owner')
	await session.query(
		`create or replace function taskq_private.clock() returns timestamptz language sql volatile parallel safe
		as $$ select coalesce(nullif(current_setting('simulate.now', true), '')::timestamptz, clock_timestamp()) $$`,
	)
	await session.query('reset role')
	return session
}

/** Times of a trace count from here; where in history it happens makes no difference. */
const ZERO = Date.UTC(2000, 0, 1)

export async function setClock(session: pg.Client, second: number): Promise<void> {
	await session.query({
		name: 'setClock',
		text: `select set_config('simulate.now', $1, false)`,
		values: [new Date(ZERO + second * 1000).toISOString()],
	})
}

/** Every breach of an invariant: empty in a sound database. */
export async function findBreaches(session: pg.Client): Promise<string[]> {
	const { rows } = await session.query('select breach from taskq_private.check_invariants() as breach limit 10')
	return rows.map(({ breach }) => breach)
}
