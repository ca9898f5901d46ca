import path from 'node:path'
import type { Job, Machine } from './simulate-jobs.ts'
import { type Metrics, percentile } from './simulate-metrics.ts'

export interface Report {
	file: string
	jobs: Job[]
	machine: Machine
	reserveAfter: number
	/** The name of each schedule, and how good it is; taskq's is the first. */
	schedules: [name: string, metrics: Metrics][]
	/** What replaying through taskq took in real time. */
	realSeconds: number
	/** Milliseconds of each call. */
	claimTimes: number[]
	/** A sentence where a check failed. */
	faults: string[]
}

const fixed = (number: number, digits = 3): number => Number(number.toFixed(digits))

/** The report as text, or as one line of JSON with times in seconds. */
export const show = (report: Report, json: boolean): string => (json ? JSON.stringify(asJson(report)) : asText(report))

function asJson({ file, jobs, machine, reserveAfter, schedules, realSeconds, claimTimes, faults }: Report): Record<string, unknown> {
	return {
		...{ file: path.basename(file), jobs: jobs.length, workers: machine.workers },
		...{ processors: machine.workers * machine.processors, reserve_after_seconds: reserveAfter },
		schedules: Object.fromEntries(
			schedules.map(([name, { utilisation, meanWait, meanSlowdown, largestWait, makespan }]) => [
				name,
				{
					...{ utilisation: fixed(utilisation, 4), mean_wait_seconds: fixed(meanWait), mean_bounded_slowdown: fixed(meanSlowdown) },
					...{ largest_wait_seconds: fixed(largestWait), makespan_seconds: fixed(makespan) },
				},
			]),
		),
		...{ real_seconds: fixed(realSeconds), speed_up: fixed(speedUp(schedules, realSeconds), 0) },
		...{ claims: claimTimes.length, claims_a_job: fixed(claimTimes.length / jobs.length) },
		claim_milliseconds: { p50: fixed(percentile(claimTimes, 0.5)), p95: fixed(percentile(claimTimes, 0.95)) },
		faults,
	}
}

const speedUp = (schedules: Report['schedules'], realSeconds: number): number => schedules[0]![1].makespan / realSeconds

function asText({ file, jobs, machine, reserveAfter, schedules, realSeconds, claimTimes, faults }: Report): string {
	const { workers, processors } = machine
	const carriers = workers === 1 ? `1 worker with ${processors} cpu units` : `${workers} workers with ${processors} cpu units each`
	const claims = `${claimTimes.length} claims, ${(claimTimes.length / jobs.length).toFixed(1)} a job`
	const times = [0.5, 0.95].map((part) => `${percentile(claimTimes, part).toFixed(2)} ms (p${part * 100})`).join(', ')
	return [
		`${path.basename(file)}: ${jobs.length} jobs, ${carriers}, kept free for a large job after ${reserveAfter} s`,
		'',
		row('', ['utilisation', 'mean wait', 'mean bounded slowdown', 'largest wait', 'makespan']),
		...schedules.map(([name, metrics]) => row(name, cells(metrics))),
		'',
		`taskq's part took ${realSeconds.toFixed(1)} s: ${Math.round(speedUp(schedules, realSeconds))} times as fast as life; ${claims}, ${times} each`,
		...(faults.length > 0
			? faults.map((fault) => `FAILED: ${fault}`)
			: ['ok: every job ran once, and no worker ever held more than it has']),
	].join('\n')
}

const cells = ({ utilisation, meanWait, meanSlowdown, largestWait, makespan }: Metrics): string[] => [
	`${(100 * utilisation).toFixed(1)} %`,
	`${meanWait.toFixed(0)} s`,
	meanSlowdown.toFixed(2),
	`${largestWait.toFixed(0)} s`,
	`${makespan.toFixed(0)} s`,
]

const row = (name: string, columns: string[]): string =>
	`${name.padEnd(26)}${columns.map((cell, n) => cell.padStart([11, 12, 24, 15, 12][n]!)).join('')}`
