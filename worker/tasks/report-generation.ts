import { z } from 'zod'
import { FatalError, type Job, task } from '../task.ts'
import { outputDir, writeWhole } from './lib/files.ts'
import { reportDay } from './lib/report-day.ts'
import { type Report, renderReport } from './lib/report-page.ts'
import { reportParents, reportTable } from './lib/report-tables.ts'
import { csvSource, openCsv } from './lib/tables.ts'

const column = z.string().min(1).max(200)

const payload = z.strictObject({
	report_type: z
		.string()
		.regex(/^[A-Za-z0-9][A-Za-z0-9 _-]{0,79}$/)
		.default('daily_summary')
		.describe('What kind of report; daily_summary can also be made from the queue itself'),
	date: z.iso.date().optional().describe('The day that the report is about, as yyyy-mm-dd; today (UTC) if left out'),
	title: z.string().min(1).max(200).optional().describe('The heading; made from type and date if left out'),
	source: z
		.strictObject(csvSource)
		.refine(({ file, csv }) => (file === undefined) !== (csv === undefined), 'needs one of file and csv')
		.optional()
		.describe("A csv to report on; without it, the results of the job's parents"),
	label: column.optional().describe("The column that names the chart's bars"),
	value: column.optional().describe("The column that the chart's bars add up; rows are counted if left out"),
})

export const reportGeneration = task(
	{
		type: 'report_generation',
		description:
			"Makes an HTML page with a chart, in one file: of a csv, of the results of the job's parents, or, as a daily_summary with neither, " +
			"of the queue's own jobs of that day.",
		payload: payload.refine(({ label, value }) => value === undefined || label !== undefined, {
			path: ['label'],
			error: 'is needed with value',
		}),
		cpuUnits: 1,
		memoryMb: 256,
		timeoutSeconds: 300,
		isolation: 'thread',
	},
	async (payload, job) => {
		const report = await gather(payload, job)
		const { file, bytes } = await writeWhole(outputDir(), `${job.id}.html`, [renderReport(report, job.id)], job.signal)
		job.log.info(`${report.title}: ${report.rows} rows`, { file })
		return { file, bytes, title: report.title, rows: report.rows }
	},
)

async function gather({ report_type, source, label, value, ...rest }: z.output<typeof payload>, job: Job): Promise<Report> {
	const date = rest.date ?? new Date().toISOString().slice(0, 10)
	const words = report_type.replaceAll(/[_-]+/g, ' ').trim()
	const title = rest.title ?? `${words.charAt(0).toUpperCase()}${words.slice(1)} ${date}`

	if (source) return reportTable(title, date, source.file ?? 'data of this job', openCsv(source), { label, value })
	const parents = Object.values(await job.parents())
	if (parents.length > 0) return reportParents(title, date, parents, { label, value }, job)
	if (report_type === 'daily_summary') return reportDay(title, date, job.signal)
	throw new FatalError(`a report of type ${report_type} needs a source or parents: only a daily_summary is made from the queue itself`)
}
