import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Embedded, startEmbedded } from '../../db/embedded.ts'
import { postmasterOf } from '../measure.ts'
import type { System } from './system.ts'

/** Beside them PostgreSQL's own defaults: fsync and synchronous_commit are on. */
export const SERVER = { shared_buffers: '1GB', max_wal_size: '8GB', max_connections: 200 }

/** A PostgreSQL of its own, on disk, and a database for each run. */
export class Cluster {
	readonly admin: pg.Pool
	readonly postmaster: number
	readonly #postgres: Embedded
	readonly #dataDir: string
	readonly #templates = new Map<string, Promise<string>>()
	#made = 0
	#stopped: Promise<void> | undefined

	private constructor(postgres: Embedded, dataDir: string, admin: pg.Pool, postmaster: number) {
		this.#postgres = postgres
		this.#dataDir = dataDir
		this.admin = admin
		this.postmaster = postmaster
	}

	static async start(folder = os.tmpdir()): Promise<Cluster> {
		const dataDir = fs.mkdtempSync(path.join(folder, 'taskq-bench-'))
		const postgres = await startEmbedded({ dataDir, settings: SERVER })
		const admin = new pg.Pool({ connectionString: postgres.url, max: 2 })
		admin.on('error', () => {})
		return new Cluster(postgres, dataDir, admin, await postmasterOf(admin))
	}

	url(database: string): string {
		return Object.assign(new URL(this.#postgres.url), { pathname: `/${database}` }).href
	}

	/** A copy of that database, which must have no session; without one an empty database of this system, whose schema is made once. */
	async create(system: System, template?: string): Promise<string> {
		if (!this.#templates.has(system.name)) this.#templates.set(system.name, this.#makeTemplate(system))
		const database = `${system.name}_${++this.#made}`
		const from = template ?? (await this.#templates.get(system.name))
		await this.admin.query(`create database "${database}" template "${from}" strategy ${template ? 'file_copy' : 'wal_log'}`)
		return database
	}

	async drop(database: string): Promise<void> {
		await this.admin.query(`drop database "${database}" with (force)`)
	}

	/** One system's waste is not charged to the next, nor its own loading to a run. */
	async settle(database: string): Promise<void> {
		await this.run(database, (db) => db.query('vacuum (analyze)'))
		await this.admin.query('checkpoint')
	}

	/** With a connection of its own to that database. */
	async run<Result>(database: string, what: (db: pg.Client) => Promise<Result>): Promise<Result> {
		const db = new pg.Client(this.url(database))
		await db.connect()
		try {
			return await what(db)
		} finally {
			await db.end()
		}
	}

	/** May be asked for again while it is under way: an interrupted run fails, and stops it too. */
	stop(): Promise<void> {
		this.#stopped ??= this.#stop()
		return this.#stopped
	}

	async #stop(): Promise<void> {
		await this.#postgres.stop() // fast: whatever is under way is ended
		await this.admin.end()
		await sleep(100) // startEmbedded hears of it, and clears away the folder of its socket
		fs.rmSync(this.#dataDir, { recursive: true, force: true })
	}

	async #makeTemplate(system: System): Promise<string> {
		const name = `template_${system.name}`
		await this.admin.query(`create database "${name}"`)
		await system.install(this.url(name))
		// a template must have no connection; graphile-migrate keeps its own for a moment, and ends us if it is ended
		while ((await this.admin.query('select from pg_stat_activity where datname = $1', [name])).rowCount) await sleep(20)
		return name
	}
}
