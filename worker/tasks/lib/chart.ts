import { type Html, html } from './html.ts'

export interface Chart {
	title: string
	/** What the numbers are, under the axis. */
	axis: string
	/** One for plain bars; several are stacked and get a legend. Their tones are classes of the page's style. */
	series: { name: string; tone: string }[]
	bars: { label: string; values: number[] }[]
}

const WIDTH = 760
const LEFT = 190
const RIGHT = 76
const BAR = 20
const STEP = 32
const TOP = 8
const LABEL_CHARACTERS = 23

const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 2 })
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
export const formatNumber = (value: number) => (Math.abs(value) >= 1e9 ? compact : plain).format(value)

/** Horizontal bars, whose labels stay readable at any length, as an SVG that needs nothing from outside. */
export function drawChart({ title, axis, series, bars }: Chart): Html {
	const totals = bars.map(({ values }) => values.reduce((sum, value) => sum + value, 0))
	const ticks = ticksFor(Math.min(0, ...totals), Math.max(0, ...totals), totals.every(Number.isInteger))
	const [low, high] = [ticks[0] ?? 0, ticks.at(-1) ?? 1]
	const x = (value: number) => round(LEFT + ((value - low) / (high - low)) * (WIDTH - LEFT - RIGHT))
	const bottom = TOP + Math.max(bars.length, 2) * STEP

	return html`<figure class="chart"><figcaption>${title}</figcaption>${series.length > 1 && drawLegend(series)}
<svg viewBox="0 0 ${WIDTH} ${bottom + 46}" role="img" aria-label="${title}: ${bars.map(({ label }, at) => `${label} ${formatNumber(totals[at] ?? 0)}`).join(', ')}">
${ticks.map(
	(tick) => html`<line class="${tick === 0 ? 'zero' : 'grid'}" x1="${x(tick)}" x2="${x(tick)}" y1="${TOP}" y2="${bottom}"/>
<text class="tick" x="${x(tick)}" y="${bottom + 17}" text-anchor="middle">${formatNumber(tick)}</text>`,
)}
<text class="axis" x="${round((LEFT + WIDTH - RIGHT) / 2)}" y="${bottom + 38}" text-anchor="middle">${axis}</text>
${bars.length === 0 && html`<text class="axis" x="${round((LEFT + WIDTH - RIGHT) / 2)}" y="${TOP + STEP + 4}" text-anchor="middle">none</text>`}
${bars.map((bar, at) => drawBar(bar, totals[at] ?? 0, TOP + at * STEP, series, x))}
</svg></figure>
`
}

function drawBar(
	{ label, values }: Chart['bars'][number],
	total: number,
	y: number,
	series: Chart['series'],
	x: (value: number) => number,
): Html {
	let from = 0
	const top = y + (STEP - BAR) / 2
	const middle = round(y + STEP / 2 + 4)
	const parts = values.map((value, at) => {
		const [start, end] = [x(from), x(from + value)].sort((a, b) => a - b) as [number, number]
		from += value
		const { name, tone } = series[at] ?? { name: '', tone: 'tone-1' }
		return (
			value !== 0 &&
			html`<rect class="${tone}" x="${start}" y="${top}" width="${Math.max(round(end - start), 1)}" height="${BAR}" rx="2"><title>${label}${name && `, ${name}`}: ${formatNumber(value)}</title></rect>`
		)
	})
	return html`<text class="label" x="${LEFT - 10}" y="${middle}" text-anchor="end"><title>${label}</title>${shorten(label)}</text>
${parts}<text class="value" x="${round(Math.max(x(total), x(0)) + 7)}" y="${middle}">${formatNumber(total)}</text>
`
}

const drawLegend = (series: Chart['series']) =>
	html`<ul class="legend">${series.map(({ name, tone }) => html`<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="${tone}" width="10" height="10" rx="2"/></svg>${name}</li>`)}</ul>`

/** Round numbers from below `low` to above `high`, zero among them, about five; whole ones where what is counted is whole. */
export function ticksFor(low: number, high: number, whole = false): number[] {
	const span = high - low || 1
	const power = 10 ** Math.floor(Math.log10(span / 5))
	const fitting = ([1, 2, 5, 10].find((factor) => span / (factor * power) <= 5) ?? 10) * power
	const step = whole ? Math.max(fitting, 1) : fitting
	const first = Math.floor(low / step)
	const last = Math.ceil((low + span) / step)
	return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)))
}

const round = (value: number) => Math.round(value * 10) / 10

/** By characters, not code units: half an emoji is no text. */
function shorten(label: string): string {
	const characters = [...label]
	return characters.length <= LABEL_CHARACTERS ? label : `${characters.slice(0, LABEL_CHARACTERS - 1).join('')}…`
}
