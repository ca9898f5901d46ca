/** Bars with their spread, as SVG that can be read on white and on black. */
import { importPeer } from './peers.ts'
import { ratioOf, referenceOf, valuesOf } from './report.ts'
import type { RowResult } from './results.ts'
import type { Row } from './row.ts'
import { type Spread, spread } from './statistics.ts'
import { systemOf } from './systems.ts'

interface VegaLite {
	compile(spec: object): { spec: object }
}
interface Vega {
	parse(spec: object): object
	View: new (runtime: object, options: object) => { toSVG(): Promise<string> }
}

export interface Bar extends Spread {
	case: string
	system: string
}

/** Far enough from white and from black. */
const TEXT = '#7a8390'
const OWN = '#2f81f7'
const OTHER = '#8f98a3'

/** The bars of a chart: of a column, or with `ratio:` before it of its ratios. */
export function barsOf(row: Row, { entries }: RowResult, chart: string): Bar[] {
	const key = chart.replace(/^ratio:/, '')
	return entries.flatMap((entry) => {
		if (chart !== key && referenceOf(row, entry, entries) === entry) return [] // it is 1
		const values = valuesOf(entry, key)
		const found = chart === key ? (values.length > 0 ? spread(values) : undefined) : ratioOf(row, entry, entries, key)
		return found ? { case: entry.case, system: systemOf(entry.system).title, ...found } : []
	})
}

export function specOf(row: Row, result: RowResult, chart: string): object {
	const key = chart.replace(/^ratio:/, '')
	const column = row.columns.find((one) => one.key === key)!
	const title = chart === key ? column.title : `${column.title}, to ${row.referenceTitle ?? 'taskq'}`
	const bars = barsOf(row, result, chart)
	const bySystem = new Set(bars.map(({ system }) => system)).size > 1
	const y = {
		field: bySystem ? 'system' : 'case',
		type: 'nominal',
		sort: null,
		title: null,
		axis: { labelLimit: 420, ticks: false, domain: false },
	}
	const color = bySystem ? { condition: { test: `datum.system === 'taskq'`, value: OWN }, value: OTHER } : { value: OWN }
	const layer = [
		{ mark: { type: 'bar', height: { band: 0.7 } }, encoding: { x: { field: 'median', type: 'quantitative', title }, color } },
		{
			mark: { type: 'rule', strokeWidth: 1.5 },
			encoding: { x: { field: 'min', type: 'quantitative' }, x2: { field: 'max' }, color: { value: TEXT } },
		},
		{
			mark: { type: 'text', align: 'left', dx: 5 },
			encoding: { x: { field: 'max', type: 'quantitative' }, text: { field: 'label' }, color: { value: TEXT } },
		},
	]
	const digits = chart === key ? column.digits : 2
	const label = (bar: Bar) => bar.median.toLocaleString('en', { maximumFractionDigits: digits })
	const unit = { layer, encoding: { y }, width: 460, height: { step: 22 } }
	return {
		title: { text: row.title, anchor: 'start' },
		data: { values: bars.map((bar) => ({ ...bar, label: label(bar) })) },
		...(bySystem && new Set(bars.map((bar) => bar.case)).size > 1
			? {
					facet: {
						row: {
							field: 'case',
							sort: [...new Set(bars.map((bar) => bar.case))],
							title: null,
							header: { labelAngle: 0, labelAlign: 'left', labelOrient: 'top', labelAnchor: 'start' },
						},
					},
					spec: unit,
				}
			: unit),
		config: style(),
	}
}

const style = () => ({
	background: 'transparent',
	font: 'system-ui, sans-serif',
	view: { stroke: null },
	title: { color: TEXT, fontSize: 14 },
	axis: { labelColor: TEXT, titleColor: TEXT, gridColor: TEXT, gridOpacity: 0.25, domainColor: TEXT, tickColor: TEXT },
	header: { labelColor: TEXT, labelFontWeight: 'bold' },
})

export async function draw(row: Row, result: RowResult, chart: string): Promise<string> {
	const [vega, lite] = [await importPeer<Vega>('vega'), await importPeer<VegaLite>('vega-lite')]
	const { spec } = lite.compile(specOf(row, result, chart))
	return `${await new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG()}\n`
}

export const chartFile = (row: Row, chart: string): string => `${row.name}-${chart.replace(/^ratio:/, 'ratio-').replaceAll('_', '-')}.svg`
