import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Embedded, startEmbedded } from '../../db/embedded.ts'
import { isAlive } from '../../db/embedded-process.ts'
import { migrate } from '../../db/migrate.ts'
import '../../db/pool.ts'

/** Commits are durable, as in production: that is what is tested. */
const SETTINGS = { fsync: 'on', synchronous_commit: 'on', max_connections: 300, shared_buffers: '128MB' }

/** A data directory with an empty taskq in it, made once; each storm gets a copy. */
let made: Promise<string> | undefined

function makeDir(): string {
	const isLarge = fs.existsSync('/dev/shm') && fs.statfsSync('/dev/shm').bavail * fs.statfsSync('/dev/shm').bsize > 4 * 2 ** 30
	return fs.mkdtempSync(path.join(isLarge ? '/dev/shm' : os.tmpdir(), 'taskq-faults-'))
}

async function makeTemplate(): Promise<string> {
	const dir = makeDir()
	process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }))
	const server = await startEmbedded({ dataDir: dir, settings: SETTINGS, home: process.env.TEST_PG_HOME })
	const url = Object.assign(new URL(server.url), { pathname: '/taskq' }).href
	await execute(server.url, 'create database taskq')
	await migrate(url)
	await execute(
		url,
		`create schema faults;
		create table faults.effects (job_id uuid not null, claim_id bigint not null);
		grant usage on schema faults to taskq_worker;
		grant insert on faults.effects to taskq_worker`,
	)
	// graphile-migrate keeps a connection for a moment, and ends this process if that is ended
	while ((await execute(server.url, `select from pg_stat_activity where datname = 'taskq'`)).rowCount) await sleep(20)
	await server.stop()
	return dir
}

async function execute(url: string, sql: string): Promise<pg.QueryResult> {
	const client = new pg.Client(url)
	await client.connect()
	try {
		return await client.query(sql)
	} finally {
		await client.end()
	}
}

/** What an interrupted run leaves behind it takes with it. */
const living = new Set<Database>()
process.on('exit', () => {
	for (const database of living) database.kill()
})

/** A PostgreSQL of a storm's own, with an empty taskq in it, that can be crashed. */
export class Database {
	/** A superuser's connection string; it stays good over restarts. */
	readonly url: string
	/** For looking and for the nemesis; it comes back by itself. */
	readonly admin: pg.Pool
	readonly #dir: string
	#server: Embedded

	private constructor(dir: string, server: Embedded) {
		this.#dir = dir
		this.#server = server
		living.add(this)
		this.url = Object.assign(new URL(server.url), { pathname: '/taskq' }).href
		this.admin = new pg.Pool({ connectionString: this.url, max: 3, application_name: 'faults nemesis' })
		this.admin.on('error', () => {})
		this.admin.on('connect', (client) => client.on('error', () => {}))
	}

	static async start(): Promise<Database> {
		made ??= makeTemplate()
		const template = await made
		const dir = makeDir()
		const copied = spawnSync('cp', ['-a', `${template}/.`, dir], { encoding: 'utf8' })
		if (copied.status !== 0) throw new Error(`cannot copy ${template} to ${dir}: ${copied.stderr}`)
		return new Database(dir, await startEmbedded({ dataDir: dir, settings: SETTINGS, home: process.env.TEST_PG_HOME }))
	}

	get postmaster(): number {
		return this.#server.pid
	}

	/** All rows of a statement. */
	async rows<Row = Record<string, any>>(sql: string, values: unknown[] = []): Promise<Row[]> {
		return (await this.admin.query(sql, values)).rows
	}

	/** A crash, as by `pg_ctl stop -m immediate`, and a start that recovers from it. */
	async crash(): Promise<void> {
		process.kill(this.#server.pid, 'SIGQUIT')
		while (this.#server.isAlive()) await sleep(10)
		const { port } = new URL(this.url)
		this.#server = await startEmbedded({ dataDir: this.#dir, port: Number(port), settings: SETTINGS, home: process.env.TEST_PG_HOME })
	}

	/** kill -9 of one session of taskq: PostgreSQL ends all others and recovers. */
	async killBackend(): Promise<void> {
		const [backend] = await this.rows<{ pid: number }>(
			`select pid from pg_stat_activity where application_name = 'taskq worker' and datname = current_database() limit 1`,
		)
		if (backend && isAlive(backend.pid)) process.kill(backend.pid, 'SIGKILL')
	}

	/** Ends one session of taskq, or of its clients, at random. */
	async terminateOne(): Promise<void> {
		await this.rows(
			`select pg_terminate_backend(pid) from pg_stat_activity
			where application_name like 'taskq%' and datname = current_database() order by random() limit 1`,
		)
	}

	/** Ends it without waiting for anything. */
	kill(): void {
		if (this.#server.isAlive()) process.kill(this.#server.pid, 'SIGQUIT')
		while (this.#server.isAlive()) spawnSync('sleep', ['0.05'])
		fs.rmSync(this.#dir, { recursive: true, force: true })
	}

	async end(): Promise<void> {
		living.delete(this)
		await this.admin.end().catch(() => {})
		await this.#server.stop()
		await sleep(100) // startEmbedded hears of it, and clears away the folder of its socket
		fs.rmSync(this.#dir, { recursive: true, force: true })
	}
}
