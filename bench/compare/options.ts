import { parseArgs } from 'node:util'
import type { Scale } from './run.ts'

export class UsageError extends Error {}

export interface Options {
	rows: string[]
	systems: string[]
	scale: Scale
	out: string | null
	write: boolean
}

export interface Known {
	rows: { name: string; title: string; isExtra?: boolean }[]
	systems: { name: string; title: string }[]
}

/** How many times smaller a smoke run is. */
const QUICK = 20

const listed = (items: { name: string; title: string }[]): string =>
	items.map(({ name, title }) => `    ${name.padEnd(18)}${title}`).join('\n')

export const help = ({
	rows,
	systems,
}: Known): string => `Usage: npm run bench -- [--rows A,B] [--systems A,B] [--rounds 3] [--out FILE] [--write] [--quick]

Compares taskq with its peers on a PostgreSQL of its own, which is thrown away. Installs bench/peers on first use.

  --rows LIST           which tables; all but those marked with *, or none (only writes what is there again)
${listed(rows.map((row) => (row.isExtra ? { ...row, title: `${row.title} *` } : row)))}
  --systems LIST        which systems; all
${listed(systems)}
  --rounds N            medians of so many rounds, in each of which each system has its turn; 3
  --snapshot-seconds S  how long the row 'snapshot' holds its snapshot; 300
  --jobs N              jobs of each run instead of what each row says, and backlogs a hundredth: only to see that all works
  --quick               everything ${QUICK} times smaller, in one round: only to see that all works
  --out FILE            JSON of all figures; rows that FILE has already are replaced, others stay
  --write               into docs/performance.json, docs/performance.md and docs/charts
  --help                this text`

function whole(name: string, text: string, least: number): number {
	const value = Number(text)
	if (!/^\d+$/.test(text) || value < least || value > 1e9)
		throw new UsageError(`--${name} takes a whole number from ${least}, and not ${JSON.stringify(text)}`)
	return value
}

function choose(name: string, text: string | undefined, known: string[], all: string[]): string[] {
	if (text === undefined) return all
	const chosen = text.split(',').map((word) => word.trim())
	const unknown = chosen.filter((word) => !known.includes(word))
	if (unknown.length > 0) throw new UsageError(`--${name}: no ${unknown.join(', ')}; there are ${known.join(', ')}`)
	return known.filter((word) => chosen.includes(word)) // in the order of the document
}

/** Reads the command line; null where help was asked for. Throws UsageError, or parseArgs' own errors. */
export function readOptions(args: string[], known: Known): Options | null {
	const { values } = parseArgs({
		args,
		options: {
			rows: { type: 'string' },
			systems: { type: 'string' },
			rounds: { type: 'string' },
			'snapshot-seconds': { type: 'string' },
			jobs: { type: 'string', default: '0' },
			quick: { type: 'boolean', default: false },
			out: { type: 'string' },
			write: { type: 'boolean', default: false },
			help: { type: 'boolean', short: 'h' },
		},
	})
	if (values.help) return null
	if (values.write && (values.quick || values.jobs !== '0')) throw new UsageError('--write keeps figures, --quick and --jobs make none')
	const rows = values.rows === 'none' ? [] : undefined
	const names = known.rows.map(({ name }) => name)
	const usual = known.rows.filter(({ isExtra }) => !isExtra).map(({ name }) => name)
	const systems = known.systems.map(({ name }) => name)
	return {
		rows: rows ?? choose('rows', values.rows, names, usual),
		systems: choose('systems', values.systems, systems, systems),
		scale: {
			rounds: whole('rounds', values.rounds ?? (values.quick ? '1' : '3'), 1),
			divisor: values.quick ? QUICK : 1,
			snapshotSeconds: whole('snapshot-seconds', values['snapshot-seconds'] ?? (values.quick ? '10' : '300'), 2),
			jobs: whole('jobs', values.jobs, 0),
		},
		out: values.out ?? null,
		write: values.write,
	}
}
