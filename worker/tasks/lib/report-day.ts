import type { Chart } from './chart.ts'
import type { Report, Section } from './report-page.ts'
import { OWN_SOURCE, withSource } from './sources.ts'

// In the order that they are stacked: what has ended, then what has not.
const SERIES = [
	{ name: 'completed', tone: 'tone-good', statuses: ['completed'] },
	{ name: 'failed', tone: 'tone-bad', statuses: ['failed'] },
	{ name: 'cancelled', tone: 'tone-off', statuses: ['cancelled'] },
	{ name: 'running', tone: 'tone-1', statuses: ['running'] },
	{ name: 'retrying', tone: 'tone-busy', statuses: ['retrying'] },
	{ name: 'waiting', tone: 'tone-open', statuses: ['pending', 'blocked', 'ready'] },
]
const MAX_BARS = 30

// A day of UTC: that is the time zone of every session on a source.
const JOBS_OF_DAY = `
	select type, status::text, count(*)::text
	from taskq.jobs
	where created_at >= $1::date and created_at < $1::date + 1
	group by 1, 2`

interface TypeCounts {
	type: string
	total: number
	counts: Map<string, number>
}

/** The queue's own day: the jobs submitted on it, by type and status. */
export async function reportDay(title: string, date: string, signal: AbortSignal): Promise<Report> {
	const { rows } = await withSource(OWN_SOURCE, signal, (client) =>
		client.query<[string, string, string]>({ text: JOBS_OF_DAY, values: [date], rowMode: 'array' }),
	)
	const types = byType(rows)
	const sum = (status: string) => types.reduce((total, { counts }) => total + (counts.get(status) ?? 0), 0)
	const [completed, failed] = [sum('completed'), sum('failed')]
	const total = types.reduce((total, type) => total + type.total, 0)
	return {
		title,
		date,
		about: 'jobs submitted on this day (UTC), as they stand now',
		figures: [
			{ label: 'jobs', value: total },
			{ label: 'completed', value: completed },
			{ label: 'failed', value: failed },
			{
				label: 'success rate',
				value: completed + failed === 0 ? '–' : `${Math.floor((1000 * completed) / (completed + failed)) / 10} %`,
			},
		],
		sections: [{ title: 'By type and status', chart: dayChart(types), ...(total > 0 ? { table: dayTable(types) } : {}) }],
		rows: total,
	}
}

function byType(counted: [string, string, string][]): TypeCounts[] {
	const types = new Map<string, TypeCounts>()
	for (const [type, status, count] of counted) {
		const known = types.get(type) ?? { type, total: 0, counts: new Map() }
		known.counts.set(status, Number(count))
		known.total += Number(count)
		types.set(type, known)
	}
	return [...types.values()].sort((a, b) => b.total - a.total || (a.type < b.type ? -1 : 1))
}

function dayChart(types: TypeCounts[]): Chart {
	const of = ({ counts }: TypeCounts, statuses: string[]) => statuses.reduce((sum, status) => sum + (counts.get(status) ?? 0), 0)
	const series = SERIES.filter(({ statuses }) => types.some((type) => of(type, statuses) > 0))
	return {
		title:
			types.length === 0
				? 'No job was submitted on this day'
				: types.length > MAX_BARS
					? `The ${MAX_BARS} most frequent types`
					: 'Jobs by type',
		axis: 'jobs',
		series,
		bars: types.slice(0, MAX_BARS).map((type) => ({ label: type.type, values: series.map(({ statuses }) => of(type, statuses)) })),
	}
}

function dayTable(types: TypeCounts[]): NonNullable<Section['table']> {
	const statuses = SERIES.flatMap(({ statuses }) => statuses).filter((status) => types.some(({ counts }) => counts.has(status)))
	return {
		header: ['type', ...statuses, 'total'],
		rows: types.map(({ type, counts, total }) => [type, ...statuses.map((status) => counts.get(status) ?? 0), total]),
		total: types.length,
		numeric: [false, ...statuses.map(() => true), true],
	}
}
