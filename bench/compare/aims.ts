/** What taskq wants to be, and whether the figures say that it is. */
import { ratioOf, valuesOf } from './report.ts'
import type { Entry, Results } from './results.ts'
import { rows } from './rows.ts'
import { median, ratios } from './statistics.ts'

export interface Finding {
	aim: string
	/** The worst that was found. */
	found: number | null
	met: boolean | null
	unit: string
}

type Pick = (entry: Entry) => boolean

/** Rounds differ by so much, so nothing smaller is a difference. */
const LEVEL = 0.05

const entriesOf = (results: Results, row: string): Entry[] => results.rows[row]?.entries ?? []
const medianOf = (entry: Entry, key: string): number => median(valuesOf(entry, key))
const isPeer: Pick = ({ system }) => system !== 'taskq' && system !== 'minimal'

/** taskq to another system, of each case that both ran, by medians of ratios of rounds. */
function againstOne(entries: Entry[], key: string, system: string): number[] {
	return entries.flatMap((own) => {
		const other = entries.find((entry) => own.system === 'taskq' && entry.system === system && entry.case === own.case)
		return other && valuesOf(other, key).length > 0 ? median(ratios(valuesOf(own, key), valuesOf(other, key))) : []
	})
}

/** taskq to the best of the peers. */
function againstBest(entries: Entry[], key: string, best: (...values: number[]) => number): number[] {
	return entries
		.filter(({ system }) => system === 'taskq')
		.flatMap((own) => {
			const others = entries.filter((entry) => isPeer(entry) && entry.case === own.case).map((entry) => medianOf(entry, key))
			return others.length > 0 ? medianOf(own, key) / best(...others) : []
		})
}

const own = (entries: Entry[], key: string, pick: Pick = () => true): number[] =>
	entries.filter((entry) => entry.system === 'taskq' && valuesOf(entry, key).length > 0 && pick(entry)).map((entry) => medianOf(entry, key))

function itsRatios(results: Results, name: string, key: string): number[] {
	const row = rows.find((one) => one.name === name)!
	const entries = entriesOf(results, name)
	return entries.filter(({ system }) => system === 'taskq').flatMap((entry) => ratioOf(row, entry, entries, key)?.median ?? [])
}

const least = (aim: string, bound: number, values: number[]): Finding => judge(aim, values, Math.min, (found) => found >= bound, '×')
const most = (aim: string, bound: number, values: number[], unit: string): Finding =>
	judge(aim, values, Math.max, (found) => found <= bound, unit)

function judge(
	aim: string,
	values: number[],
	worst: (...values: number[]) => number,
	met: (found: number) => boolean,
	unit: string,
): Finding {
	if (values.length === 0) return { aim, found: null, met: null, unit }
	const found = worst(...values)
	return { aim, found, met: met(found), unit }
}

export function findings(results: Results): Finding[] {
	const [drain, pickup, claim] = [entriesOf(results, 'drain'), entriesOf(results, 'pickup'), entriesOf(results, 'claim')]
	const submits = ['submit', 'bulk'].map((row) => againstBest(entriesOf(results, row), 'jobs_per_second', Math.max))
	const pages = entriesOf(results, 'pages')
	const isOne: Pick = (entry) => entry.case === 'GET /jobs/:id'
	const rate = 'jobs_per_second'
	return [
		least('drains at least 1.5 times as fast as graphile-worker, batched', 1.5, againstOne(drain, rate, 'graphile-batched')),
		least('drains at least twice as fast as pg-boss', 2, againstOne(drain, rate, 'pgboss')),
		least('drains at least 3 times as fast as BullMQ on PostgreSQL', 3, againstOne(drain, rate, 'bullmq')),
		least('drains at least 0.6 times as fast as the minimal queue', 0.6, againstOne(drain, rate, 'minimal')),
		least('single submits level with the fastest peer', 1 - LEVEL, submits[0]!),
		least('bulk submits level with the fastest peer', 1 - LEVEL, submits[1]!),
		most('pickup p50 level with the fastest peer', 1 + LEVEL, againstBest(pickup, 'p50_ms', Math.min), '×'),
		most('pickup p99 level with the fastest peer', 1 + LEVEL, againstBest(pickup, 'p99_ms', Math.min), '×'),
		least('drains at least 0.9 times as fast beside a million other jobs', 0.9, itsRatios(results, 'backlog', rate)),
		least('keeps at least 0.8 of its throughput while a snapshot is held', 0.8, own(entriesOf(results, 'snapshot'), 'held_share')),
		least('submits at least 0.9 times as fast with notification as without', 0.9, itsRatios(results, 'notification', rate)),
		most(
			'p95 of every GET /jobs below 10 ms',
			10,
			own(pages, 'p95_ms', (entry) => !isOne(entry)),
			' ms',
		),
		most('p95 of GET /jobs/:id below 3 ms', 3, own(pages, 'p95_ms', isOne), ' ms'),
		most('an empty claim with 50 lanes below 150 µs of cpu', 150, own(claim, 'p50_us'), ' µs'),
	]
}

export function findingsTable(results: Results): string {
	const verdict = { true: 'met', false: '**missed**', null: 'not measured' }
	const lines = findings(results).map(
		({ aim, found, met, unit }) =>
			`| ${aim} | ${found === null ? '–' : `${found.toLocaleString('en', { maximumFractionDigits: found < 10 ? 2 : 0 })}${unit}`} | ${verdict[`${met}`]} |`,
	)
	return ['| aim | found, the worst case | |', '| --- | ---: | --- |', ...lines].join('\n')
}
