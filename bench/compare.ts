/** `npm run bench`: taskq and its peers on one PostgreSQL, in turns; see docs/performance.md. */
import { styleText } from 'node:util'
import { Cluster } from './compare/cluster.ts'
import { FIGURES, writeDocument } from './compare/document.ts'
import { describeMachine } from './compare/machine.ts'
import { help, type Options, readOptions, UsageError } from './compare/options.ts'
import { installPeers } from './compare/peers.ts'
import { asText, tableOf } from './compare/report.ts'
import { type Machine, merge, type RowResult, readResults, writeResults } from './compare/results.ts'
import type { Row } from './compare/row.ts'
import { rows } from './compare/rows.ts'
import { systems } from './compare/systems.ts'

const started = performance.now()
const progress = (line: string): void => {
	const seconds = Math.round((performance.now() - started) / 1000)
	console.error(styleText('dim', `${String(Math.floor(seconds / 60)).padStart(3)}:${String(seconds % 60).padStart(2, '0')}  ${line}`))
}

/** What one would have to type to get these figures again. */
const command = (args: string[]): string =>
	[
		'npm run bench',
		...(args.length > 0 ? ['--'] : []),
		...args.filter((arg, n) => !arg.startsWith('--out') && args[n - 1] !== '--out'),
	].join(' ')

async function runRow(cluster: Cluster, row: Row, { scale, systems: names }: Options, args: string[]): Promise<RowResult> {
	progress(row.title)
	const entries = await row.run({ cluster, scale, systems: systems.filter(({ name }) => names.includes(name)), progress })
	const rounds = Math.max(...entries.map(({ samples }) => samples.length))
	return { date: new Date().toISOString().slice(0, 10), command: command(args), rounds, entries }
}

let interrupted = false

/** What is under way fails while the server goes away: nobody wants to hear of that. */
function onInterrupt(stop: () => Promise<void>): void {
	const end = () => {
		interrupted = true
		process.on('uncaughtException', () => {})
		void stop().finally(() => process.exit(130))
	}
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end)
}

/** Runs what was asked for. Each row is kept as soon as it is there. */
async function run(options: Options, args: string[]): Promise<void> {
	const files = [...(options.out ? [options.out] : []), ...(options.write ? [FIGURES] : [])]
	const keep = (machine: Machine, found: Record<string, RowResult>) => {
		for (const file of files) writeResults(file, merge(readResults(file), machine, found))
	}
	if (options.write || systems.some((system) => system.package && options.systems.includes(system.name))) installPeers(progress)
	if (options.rows.length > 0) {
		const cluster = await Cluster.start()
		onInterrupt(() => cluster.stop())
		try {
			const machine = await describeMachine(cluster)
			for (const row of rows.filter(({ name }) => options.rows.includes(name))) {
				const result = await runRow(cluster, row, options, args)
				keep(machine, { [row.name]: result })
				console.log(`\n${styleText('bold', row.title)}\n${asText(tableOf(row, result))}\n`)
			}
		} finally {
			await cluster.stop()
		}
	}
	const results = readResults(FIGURES)
	if (options.write && results) await writeDocument(results)
}

try {
	const args = process.argv.slice(2)
	const options = readOptions(args, { rows, systems })
	if (options) await run(options, args)
	else console.log(help({ rows, systems }))
	process.exit() // pools of peers may hold on
} catch (error) {
	if (interrupted) process.exit(130)
	const isUsage = error instanceof UsageError || String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')
	console.error(isUsage ? `${(error as Error).message}\n\n${help({ rows, systems })}` : error)
	process.exit(isUsage ? 2 : 1)
}
