/** `npm run faults`: every fault at length, one after the other, and a table; ends with 1 if any breaks a promise. */
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { mutants } from './mutants.ts'
import { asText, fillDocument, machine } from './report.ts'
import { rows } from './rows.ts'
import { LONG, type Result, runRow, SHORT } from './trial.ts'

const HELP = `npm run faults -- [--row NAME …] [--short] [--rate N] [--seconds N] [--write] | --broken

Kills, stops and starves taskq under load and looks whether anything is lost.
--row NAME   only this one; several times for several. Names: ${rows.map(({ name }) => name).join(' ')}
--short      seconds instead of minutes, as npm test does it
--rate N     jobs a second (${LONG.rate})
--seconds N  how long each fault lasts (${LONG.fault})
--broken     runs taskq with one rule after the other left out, and looks whether that is found
--write      puts the figures into docs/reliability.md`

const DOCUMENT = path.resolve(import.meta.dirname, '../../docs/reliability.md')

function readOptions() {
	const boolean = { type: 'boolean', default: false } as const
	const text = { type: 'string' } as const
	const options = {
		row: { ...text, multiple: true },
		rate: text,
		seconds: text,
		short: boolean,
		write: boolean,
		broken: boolean,
		help: boolean,
	} as const
	try {
		const { values } = parseArgs({ options })
		const unknown = values.row?.find((name) => !rows.some((row) => row.name === name))
		if (unknown) throw new Error(`there is no row ${unknown}`)
		for (const name of ['rate', 'seconds'] as const)
			if (values[name] !== undefined && !(Number(values[name]) > 0)) throw new Error(`--${name} takes a number above 0`)
		return values
	} catch (error) {
		console.error(`${(error as Error).message}\n\n${HELP}`)
		process.exit(2)
	}
}

/** Whether each mutant is found out; otherwise the suite would not see such a defect. */
async function runMutants(): Promise<boolean> {
	let found = 0
	for (const { title, row: name, sql, rules } of mutants) {
		const { breaches } = await runRow(rows.find((row) => row.name === name)!, SHORT, { sql })
		const shown = breaches.find((breach) => rules.test(breach))
		console.log(
			`${shown ? 'found' : 'NOT FOUND'}: ${title}\n    ${shown ?? `nothing of ${rules}: ${breaches.slice(0, 3).join('; ') || 'no breach'}`}`,
		)
		if (shown) found++
	}
	console.log(`${found} of ${mutants.length} found`)
	return found === mutants.length
}

function write(result: Result): void {
	const about = `${new Date().toISOString().slice(0, 10)}, \`npm run faults\`: ${scale.rate} jobs a second, each fault for ${scale.fault} s; ${machine()}.`
	fs.writeFileSync(DOCUMENT, fillDocument(fs.readFileSync(DOCUMENT, 'utf8'), [result], about))
}

const values = readOptions()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1)) // what is at work ends with us
if (values.help) {
	console.log(HELP)
	process.exit(0)
}
const scale = { ...(values.short ? SHORT : LONG) }
if (values.rate) scale.rate = Number(values.rate)
if (values.seconds) scale.fault = Number(values.seconds)
if (values.broken) process.exit((await runMutants()) ? 0 : 1)
const results: Result[] = []
for (const row of rows.filter(({ name }) => !values.row || values.row.includes(name))) {
	console.error(`${row.title} …`)
	const result = await runRow(row, scale)
	results.push(result)
	console.error(asText([result]))
	if (values.write) write(result)
}
console.log(asText(results))
process.exit(results.some(({ breaches }) => breaches.length > 0) ? 1 : 0)
