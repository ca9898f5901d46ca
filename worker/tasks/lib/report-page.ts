import { type Chart, drawChart, formatNumber } from './chart.ts'
import { type Content, Html, html } from './html.ts'
import { STYLE } from './report-style.ts'

export interface Report {
	title: string
	/** yyyy-mm-dd */
	date: string
	/** What the report is made from, in a sentence. */
	about: string
	figures: { label: string; value: string | number }[]
	sections: Section[]
	/** How many rows of data went into it. */
	rows: number
}

export interface Section {
	title: string
	chart?: Chart
	table?: { header: string[]; rows: (string | number)[][]; total: number; numeric: boolean[] }
}

const longDate = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'UTC' })

/** The page: whole in itself, and by its own policy unable to run a script or to ask for anything outside. */
export function renderReport(report: Report, jobId: string, now = new Date()): string {
	const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${report.title}</title><style>${new Html(STYLE)}</style></head>
<body><main>
<header><h1>${report.title}</h1><p><time datetime="${report.date}">${longDate.format(new Date(report.date))}</time> · ${report.about}</p></header>
<ul class="figures">${report.figures.map(({ label, value }) => html`<li><b>${shown(value)}</b><span>${label}</span></li>`)}</ul>
${report.sections.map(renderSection)}
<footer>Made by job ${jobId} at ${now.toISOString().slice(0, 19).replace('T', ' ')} UTC</footer>
</main></body></html>
`
	return page.text
}

const shown = (value: string | number) => (typeof value === 'number' ? formatNumber(value) : value)

const renderSection = ({ title, chart, table }: Section): Html => html`<section><h2>${title}</h2>
${chart && drawChart(chart)}${table && renderTable(table)}</section>
`

function renderTable({ header, rows, total, numeric }: NonNullable<Section['table']>): Content {
	const align = (at: number) => (numeric[at] ? html` class="number"` : '')
	return html`${rows.length < total && html`<p>The first ${formatNumber(rows.length)} of ${formatNumber(total)} rows.</p>`}
<div class="scroll"><table><thead><tr>${header.map((name, at) => html`<th scope="col"${align(at)}>${name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell, at) => html`<td${align(at)}>${shown(cell)}</td>`)}</tr>\n`)}</tbody></table></div>
`
}
