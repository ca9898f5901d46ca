/** What a run found, as it is kept in docs/performance.json. */
import fs from 'node:fs'

/** Figures of one run of one system, by name. */
export type Sample = Record<string, number>

export interface Entry {
	/** What was varied, such as `20,000 jobs, 2 workers`. */
	case: string
	system: string
	/** One of each round, in order. */
	samples: Sample[]
	/** Said beside the figures, or instead of them. */
	note?: string
}

export interface RowResult {
	date: string
	command: string
	rounds: number
	entries: Entry[]
}

export interface Machine {
	cpu: string
	cores: number
	memory_gb: number
	system: string
	node: string
	postgres: string
	settings: Record<string, string | number>
	versions: Record<string, string>
}

export interface Results {
	machine: Machine
	rows: Record<string, RowResult>
}

/** Collects samples while rounds go on. */
export class Entries {
	readonly #entries = new Map<string, Entry>()

	add(name: string, system: string, sample: Sample | null, note?: string): void {
		const key = `${system} ${name}`
		const entry = this.#entries.get(key) ?? { case: name, system, samples: [], ...(note && { note }) }
		if (sample) entry.samples.push(sample)
		this.#entries.set(key, entry)
	}

	/** Case by case, and in each the systems in this order. */
	list(systems: string[]): Entry[] {
		const all = [...this.#entries.values()]
		const cases = [...new Set(all.map((entry) => entry.case))]
		const place = (entry: Entry) => cases.indexOf(entry.case) * 1000 + systems.indexOf(entry.system)
		return all.toSorted((a, b) => place(a) - place(b))
	}
}

export function readResults(file: string): Results | null {
	return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : null
}

/** New rows replace old ones whole: what stands in a row was measured in one run, in turn. */
export const merge = (old: Results | null, machine: Machine, rows: Record<string, RowResult>): Results => ({
	machine,
	rows: { ...old?.rows, ...rows },
})

/** Figures of six digits: more would be noise, and would change with each run. */
export function writeResults(file: string, results: Results): void {
	const short = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value)
	fs.writeFileSync(file, `${JSON.stringify(results, short, 2)}\n`)
}
