import type { Job, ParentResult } from '../../task.ts'
import type { Chart } from './chart.ts'
import type { TableRows } from './csv.ts'
import { chooseChart, isFigure, type Profile, profile, type Wanted } from './profile.ts'
import type { Report, Section } from './report-page.ts'
import { nameOf, outcomeOf, parentTable, statusOf } from './tables.ts'

const MAX_TABLES = 20
const MAX_SHOWN_PARENTS = 500
const MAX_BARS = 30
const MAX_RESULT_CHARACTERS = 300

/** A report of one table. */
export async function reportTable(title: string, date: string, about: string, table: TableRows, wanted: Wanted): Promise<Report> {
	const found = await profile(table, wanted)
	const figures = found.columns
		.filter(isFigure)
		.slice(0, 3)
		.map(({ name, sum }) => ({ label: `${name}, in all`, value: sum }))
	return {
		title,
		date,
		about,
		figures: [{ label: 'rows', value: found.total }, ...figures],
		sections: [tableSection('Data', found, wanted)],
		rows: found.total,
	}
}

function tableSection(title: string, table: Profile, wanted: Wanted): Section {
	return {
		title,
		chart: chooseChart(table, wanted),
		table: { header: table.header, rows: table.rows, total: table.total, numeric: table.columns.map(isFigure) },
	}
}

/** A report of what a job's parents found: a section for each table, and all their results. */
export async function reportParents(title: string, date: string, parents: ParentResult[], wanted: Wanted, job: Job): Promise<Report> {
	const tables: Section[] = []
	let rows = 0
	let left = 0
	for (const [at, parent] of parents.entries()) {
		job.progress(Math.floor((100 * at) / parents.length))
		const table = parentTable(parent)
		if (!table) continue
		if (tables.length === MAX_TABLES) {
			left++
			continue
		}
		const found = await profile(table, wanted, { optional: true })
		rows += found.total
		tables.push(tableSection(nameOf(parent), found, wanted))
	}
	if (left > 0) job.log.warn(`the report shows the first ${MAX_TABLES} tables of its parents and leaves out ${left}`)
	const unread = parents.filter(({ leftOut }) => leftOut).length
	if (unread > 0) job.log.warn(`results left out, since they are too large together: those of ${unread} of ${parents.length} parents`)
	const completed = parents.filter(({ status }) => status === 'completed').length
	return {
		title,
		date,
		about: `the results of ${parents.length} ${parents.length === 1 ? 'job' : 'jobs'}${left > 0 ? `; ${left} further tables are left out` : ''}`,
		figures: [
			{ label: 'jobs', value: parents.length },
			{ label: 'completed', value: completed },
			{ label: 'not completed', value: parents.length - completed },
			{ label: 'rows of data', value: rows },
		],
		sections: [...tables, parentsSection(parents, tables.length === 0)],
		rows: rows || parents.length,
	}
}

function parentsSection(parents: ParentResult[], charted: boolean): Section {
	const rows = parents
		.slice(0, MAX_SHOWN_PARENTS)
		.map((parent) => [nameOf(parent), parent.type, statusOf(parent), shorten(outcomeOf(parent))])
	return {
		title: 'Results',
		...(charted ? { chart: parentsChart(parents) } : {}),
		table: { header: ['job', 'type', 'status', 'result'], rows, total: parents.length, numeric: [] },
	}
}

/** The number that most results have, by job; without any, the jobs by status. */
function parentsChart(parents: ParentResult[]): Chart {
	const numbers = parents.map(
		({ result }) => new Map(Object.entries(result ?? {}).filter((entry): entry is [string, number] => typeof entry[1] === 'number')),
	)
	const names = new Map<string, number>()
	for (const name of numbers.flatMap((one) => [...one.keys()])) names.set(name, (names.get(name) ?? 0) + 1)
	const [best] = [...names].sort(([, a], [, b]) => b - a)
	const series = [{ name: '', tone: 'tone-1' }]
	if (best) {
		const [name] = best
		const bars = parents.flatMap((parent, at) => {
			const value = numbers[at]?.get(name)
			return value === undefined ? [] : [{ label: nameOf(parent), values: [value] }]
		})
		return { title: `${name} by job`, axis: name, series, bars: bars.slice(0, MAX_BARS) }
	}
	const statuses = new Map<string, number>()
	for (const status of parents.map(statusOf)) statuses.set(status, (statuses.get(status) ?? 0) + 1)
	return { title: 'Jobs by status', axis: 'jobs', series, bars: [...statuses].map(([label, count]) => ({ label, values: [count] })) }
}

function shorten(text: string): string {
	const characters = [...text]
	return characters.length <= MAX_RESULT_CHARACTERS ? text : `${characters.slice(0, MAX_RESULT_CHARACTERS).join('')}…`
}
