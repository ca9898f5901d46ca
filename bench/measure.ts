/** What a run costs: cpu of the server and all its processes by /proc, WAL by its position, transactions by the statistics. */
import fs from 'node:fs'
import type { Queryable } from '../db/pool.ts'

/** Cpu seconds of the server and all its processes, ended ones included. */
export function cpuSeconds(postmaster: number): number {
	let ticks = 0
	for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
		let stat: string[]
		try {
			stat = fs
				.readFileSync(`/proc/${pid}/stat`, 'utf8')
				.replace(/^.*\) /, '')
				.split(' ')
		} catch {
			continue // it has ended
		}
		if (Number(pid) === postmaster) ticks += Number(stat[13]) + Number(stat[14])
		if (Number(pid) === postmaster || Number(stat[1]) === postmaster) ticks += Number(stat[11]) + Number(stat[12])
	}
	return ticks / 100
}

/** Cpu milliseconds of one process so far, to the nanosecond; 0 where it is on another machine. */
export function cpuMsOf(pid: number): number {
	const file = `/proc/${pid}/schedstat`
	return fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8').split(' ')[0]) / 1e6 : 0
}

export async function postmasterOf(db: Queryable): Promise<number> {
	const { rows } = await db.query(`select split_part(pg_read_file('postmaster.pid'), e'\\n', 1)::int as pid`)
	return rows[0].pid
}

export interface Reading {
	/** Milliseconds, only good for differences. */
	at: number
	cpuSeconds: number
	walBytes: number
}

export async function readServer(db: Queryable, postmaster: number): Promise<Reading> {
	const { rows } = await db.query(`select pg_current_wal_lsn() - '0/0' as wal`)
	return { at: performance.now(), cpuSeconds: cpuSeconds(postmaster), walBytes: Number(rows[0].wal) }
}

/** Sessions tell of their transactions when they end, or a second after the last time: read it when they have. */
export async function transactionsOf(db: Queryable, database: string): Promise<number> {
	const { rows } = await db.query('select xact_commit as n from pg_stat_database where datname = $1', [database])
	return Number(rows[0].n)
}
