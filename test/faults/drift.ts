import fs from 'node:fs'
import type { Database } from './database.ts'
import type { Storm } from './storm.ts'

/** One look at what may grow. Times are seconds. */
export interface Sample {
	at: number
	/** Megabytes by process; PostgreSQL's sessions together. */
	memory: Map<string, number>
	/** Dead rows of the table that has most of them. */
	dead: number
}

const KB_IN_MB = 1024

function readKb(file: string, pattern: RegExp): number {
	try {
		return Number(pattern.exec(fs.readFileSync(file, 'utf8'))?.[1] ?? 0)
	} catch {
		return 0 // it has ended
	}
}

/** What is shared is counted once: each process's proportional part, the server itself among them. */
function postgresMb(postmaster: number): number {
	const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))
	const own = pids.filter((pid) => Number(pid) === postmaster || readKb(`/proc/${pid}/status`, /^PPid:\s+(\d+)/m) === postmaster)
	return own.reduce((sum, pid) => sum + readKb(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+)/m), 0) / KB_IN_MB
}

export async function sample({ server, workers, database }: Storm): Promise<Sample> {
	const memory = new Map<string, number>()
	for (const { running } of [server, ...workers])
		memory.set(running.name, readKb(`/proc/${running.child.pid}/status`, /^VmRSS:\s+(\d+)/m) / KB_IN_MB)
	memory.set('postgres', postgresMb(database.postmaster))
	const sql = `select coalesce(max(n_dead_tup), 0)::integer as dead from pg_stat_user_tables where schemaname = 'taskq_private'`
	const rows = await database.rows<{ dead: number }>(sql).catch(() => [])
	return { at: Date.now() / 1000, memory, dead: rows[0]?.dead ?? 0 }
}

/** The slope of the line through these points that is nearest to all of them, by the hour. */
export function slope(points: { at: number; value: number }[]): number {
	const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
	const at = mean(points.map((point) => point.at))
	const value = mean(points.map((point) => point.value))
	const spread = points.reduce((sum, point) => sum + (point.at - at) ** 2, 0)
	return spread === 0 ? 0 : (points.reduce((sum, point) => sum + (point.at - at) * (point.value - value), 0) / spread) * 3600
}

/** Megabytes an hour of each process that lived all the time, and of PostgreSQL; the first third is warming up. */
export function memorySlopes(samples: Sample[]): Map<string, number> {
	const late = samples.slice(Math.floor(samples.length / 3))
	const names = [...(late[0]?.memory.keys() ?? [])].filter((name) => late.every(({ memory }) => memory.has(name)))
	return new Map(names.map((name) => [name, slope(late.map(({ at, memory }) => ({ at, value: memory.get(name)! })))]))
}

export interface Third {
	/** Jobs that ended in a second. */
	rate: number
	/** Milliseconds from submit to the start of the attempt that ended the job; only of those that waited for nothing else. */
	p50: number
	p99: number
}

export async function thirdOf(database: Database, from: number, to: number): Promise<Third> {
	const [row] = await database.rows<Third>(
		`select count(*) / ($2 - $1)::double precision as rate,
			coalesce(percentile_cont(0.5) within group (order by waited) filter (where is_simple), 0) as p50,
			coalesce(percentile_cont(0.99) within group (order by waited) filter (where is_simple), 0) as p99
		from (
			select
				l.type = 'quick' and not exists (select from taskq_private.job_dependencies as d where d.job_id = f.job_id) as is_simple,
				(extract(epoch from f.started_at - s.created_at) * 1000)::double precision as waited
			from taskq_private.finished_jobs as f
			join taskq_private.job_specs as s using (job_id)
			join taskq_private.lanes as l on l.lane_id = f.lane_id
			where f.finished_at >= to_timestamp($1) and f.finished_at < to_timestamp($2) and f.status = 'completed'
		) as job`,
		[from, to],
	)
	return row!
}
