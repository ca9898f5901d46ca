/** The table of docs/scaling.md: what servers of some sizes carry, from what a job was measured to cost. */

import { valuesOf } from './report.ts'
import type { Results } from './results.ts'
import { median } from './statistics.ts'

/** What the projection takes for granted; the document says why. */
export const ASSUMED = {
	cores: [4, 16, 64],
	/** Of the cpu; the rest is for those who look, for autovacuum, and for bursts. */
	share: 0.7,
	/** What one stream of write-ahead log takes in. */
	walMegabytesPerSecond: 400,
	/** How long finished jobs are kept. */
	keptSeconds: 86_400,
}

export interface Work {
	name: string
	/** Of PostgreSQL, for one job from its submit to its end. */
	cpuUs: number
	walBytes: number
}

const taskqs = (results: Results, row: string, name: string, key: string): number | null => {
	const entry = results.rows[row]?.entries.find((one) => one.system === 'taskq' && one.case === name)
	return entry && valuesOf(entry, key).length > 0 ? median(valuesOf(entry, key)) : null
}

/** Ways to use the queue whose parts were all measured. */
export function works(results: Results): Work[] {
	const cost = (row: string, name: string) => ({
		cpuUs: taskqs(results, row, name, 'postgres_us') ?? Number.NaN,
		walBytes: taskqs(results, row, name, 'wal_bytes') ?? Number.NaN,
	})
	const drain = cost('drain', '200,000 jobs, 1 worker')
	const sum = (name: string, submit: ReturnType<typeof cost>): Work => ({
		...{ name, cpuUs: submit.cpuUs + drain.cpuUs, walBytes: submit.walBytes + drain.walBytes },
	})
	return [
		sum('lists of 1,000, run in batches', cost('bulk', '1,000 a call')),
		{ name: 'a small list each 15 ms, run as they come', ...cost('sustained', 'half of its maximum') },
		sum('one job a call, run in batches', cost('submit', '10 connections')),
	].filter(({ cpuUs }) => !Number.isNaN(cpuUs))
}

export interface Projection {
	jobsPerSecond: number
	bound: 'cpu' | 'WAL'
	walMegabytes: number
	/** Null where the size of a finished job was not measured. */
	keptGigabytes: number | null
}

export function project({ cpuUs, walBytes }: Work, cores: number, diskBytes: number | null): Projection {
	const byCpu = (cores * ASSUMED.share * 1e6) / cpuUs
	const byWal = (ASSUMED.walMegabytesPerSecond * 1e6) / walBytes
	const jobsPerSecond = Math.min(byCpu, byWal)
	return {
		jobsPerSecond,
		bound: byCpu <= byWal ? 'cpu' : 'WAL',
		walMegabytes: (jobsPerSecond * walBytes) / 1e6,
		keptGigabytes: diskBytes && (jobsPerSecond * ASSUMED.keptSeconds * diskBytes) / 1e9,
	}
}

const round = (value: number): string => Number(value.toPrecision(2)).toLocaleString('en')

export function projectionText(results: Results): string {
	const disk = taskqs(results, 'history', 'size', 'disk_bytes')
	const lines = works(results).flatMap((work) =>
		ASSUMED.cores.map((cores) => {
			const { jobsPerSecond, bound, walMegabytes, keptGigabytes } = project(work, cores, disk)
			const a = [work.name, work.cpuUs.toFixed(0), work.walBytes.toFixed(0), String(cores), round(jobsPerSecond), bound]
			return `| ${[...a, round(walMegabytes), keptGigabytes === null ? '–' : round(keptGigabytes)].join(' | ')} |`
		}),
	)
	return [
		'| jobs come as | cpu, µs/job | WAL, bytes/job | cores | jobs/s | bound by | WAL, MB/s | kept for a day at that rate, GB |',
		'| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |',
		...lines,
		'',
		`Assumed: ${ASSUMED.share * 100} % of the cpu is the queue's, and ${ASSUMED.walMegabytesPerSecond} MB of WAL a second can be written.${disk === null ? '' : ` A finished job takes ${disk.toFixed(0)} bytes on disk, indexes included.`}`,
	].join('\n')
}
