/** A PostgreSQL of a scenario's own: to be crashed, filled up, copied and promoted while taskq works on it. */
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { type Embedded, type EmbeddedOptions, startEmbedded } from '../../db/embedded.ts'
import { nativeDir } from '../../db/embedded-binaries.ts'
import { isAlive } from '../../db/embedded-process.ts'
import { migrate } from '../../db/migrate.ts'
import { connectDb, type Db } from '../support/db.ts'
import { makeStandby } from './standby.ts'
import { makeDir, moveWal, type Volume } from './volume.ts'

export interface ClusterOptions extends Pick<EmbeddedOptions, 'settings' | 'env'> {
	/** Megabytes of file systems of their own, for the data and for the WAL; without them both are in memory, as large as may be. Root only. */
	dataMb?: number
	walMb?: number
}

/** Killed processes lose nothing that was written, so no fsync; a commit that returned is in the WAL, as in production. */
const SETTINGS = { fsync: 'off', synchronous_commit: 'on', max_connections: 100, shared_buffers: '32MB', wal_keep_size: '256MB' }

/** `immediate` is a crash: nothing is written any more, and the next start recovers. `fast` is what an administrator does. */
const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const

export interface Cluster extends Pick<Db, 'query' | 'row' | 'rows' | 'breaches'> {
	/** A superuser's connection string, to the database `taskq`, which is migrated. It stays good over restarts. */
	url: string
	port: number
	/** The file systems that it is on. */
	data: Volume
	wal: Volume | undefined
	/** For the helpers of test/support. Its sessions come back by themselves after a restart. */
	db: Db
	isUp: () => boolean
	/** All that the server has logged. */
	log: () => string
	/** Starts it again on the same port, with further settings or another environment from now on. Throws with the server's words. */
	start: (changes?: Pick<ClusterOptions, 'settings' | 'env'>) => Promise<void>
	stop: (mode: keyof typeof SIGNALS) => Promise<void>
	/** The process ids of its sessions whose row of pg_stat_activity fulfils this; all of taskq's own by default. */
	backends: (where?: string) => Promise<number[]>
	/** kill -9 of one backend: PostgreSQL ends all others and recovers. */
	killBackend: (pid: number) => void
	/** Ends sessions by pg_terminate_backend; answers how many. */
	terminate: (where?: string) => Promise<number>
	/** Another server that follows this one, by this way to it, ready to be read. Ended by its own `end`. */
	makeStandby: (name: string, url?: string) => Promise<Cluster>
	/** Makes a standby a server that takes writes. */
	promote: () => Promise<void>
	/** Stops it and removes its files. */
	end: () => Promise<void>
}

const OF_TASKQ = `application_name like 'taskq%'`

/** A cluster with an empty taskq in it. Call `end`. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
	const cluster = await openCluster(makeDir(`cluster-${randomUUID().slice(0, 8)}`, options.dataMb), options)
	try {
		const admin = connectDb(Object.assign(new URL(cluster.url), { pathname: '/postgres' }).href)
		await admin.query('create database taskq')
		await admin.end()
		await migrate(cluster.url)
		// the migration keeps a connection for a moment, and ends this process if it breaks
		const left = `select from pg_stat_activity where datname = 'taskq' and pid <> pg_backend_pid() and application_name !~ '^taskq'`
		while ((await cluster.query(left)).rowCount) await sleep(20)
		return cluster
	} catch (error) {
		await cluster.end()
		throw error
	}
}

/** The same, ended at the end of the test, after its invariants were looked at. */
export async function makeCluster(t: ExecutionContext, options: ClusterOptions = {}): Promise<Cluster> {
	const cluster = await startCluster(options)
	t.teardown(() => cluster.end())
	return cluster
}

/** Starts what is in this directory, which is made if it is empty. */
export async function openCluster(data: Volume, options: ClusterOptions): Promise<Cluster> {
	const embedded = { dataDir: path.join(data.dir, 'data'), home: process.env.TEST_PG_HOME }
	let settings = { ...SETTINGS, ...options.settings }
	let env = options.env
	let server: Embedded = await startEmbedded({ ...embedded, settings, ...(env && { env }) })
	const port = Number(new URL(server.url).port)
	const url = Object.assign(new URL(server.url), { pathname: '/taskq' }).href
	const db = connectDb(url)

	const start: Cluster['start'] = async (changes = {}) => {
		settings = { ...settings, ...changes.settings }
		env = changes.env ?? env
		server = await startEmbedded({ ...embedded, settings, port, ...(env && { env }) })
	}
	const stop: Cluster['stop'] = async (mode) => {
		if (server.isAlive()) process.kill(server.pid, SIGNALS[mode])
		while (server.isAlive()) await sleep(10)
	}
	let isOver = false
	let wal: Volume | undefined
	if (options.walMb) {
		await stop('fast')
		wal = moveWal(embedded.dataDir, makeDir(`${path.basename(data.dir).replace('taskq-test-', '')}-wal`, options.walMb))
		await start()
	}
	const cluster: Cluster = {
		...{ url, port, data, wal, db, start, stop, ...sessionsOf(db) },
		isUp: () => server.isAlive(),
		log: () => fs.readFileSync(path.join(embedded.dataDir, 'postgresql.log'), 'utf8'),
		makeStandby: (name, by) => makeStandby(cluster, name, by),
		promote: async () => void (await db.query('select pg_promote()')),
		async end() {
			if (isOver) return
			isOver = true
			await db.end()
			await stop('immediate')
			for (const volume of [data, wal]) volume?.remove()
		},
	}
	return cluster
}

function sessionsOf(db: Db): Pick<Cluster, 'query' | 'row' | 'rows' | 'breaches' | 'backends' | 'killBackend' | 'terminate'> {
	const { query, row, rows, breaches } = db
	return {
		...{ query, row, rows, breaches },
		backends: async (where = OF_TASKQ) =>
			(await rows<{ pid: number }>(`select pid from pg_stat_activity where pid <> pg_backend_pid() and ${where}`)).map(({ pid }) => pid),
		killBackend: (pid) => void (isAlive(pid) && process.kill(pid, 'SIGKILL')),
		terminate: async (where = OF_TASKQ) =>
			(await query(`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and ${where}`)).rowCount!,
	}
}

/** Which PostgreSQL clusters are of, such as 18. */
export const postgresMajor = Number(
	/ (\d+)/.exec(
		spawnSync(path.join(process.env.TEST_PG_HOME ?? nativeDir(), 'bin/postgres'), ['--version'], { encoding: 'utf8' }).stdout,
	)![1],
)
