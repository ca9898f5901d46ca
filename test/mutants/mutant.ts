import fs from 'node:fs'
import path from 'node:path'

/** A rule of the SQL that is broken on purpose, and the tests that must see it. */
export interface Mutant {
	name: string
	/** Below functions/. */
	file: string
	/** What stands there exactly once. */
	from: string
	to: string
	/** Test files, or of one `file > title` those of its tests whose titles match; stars stand for anything. */
	caughtBy: string[]
	/** One of those that are tried in every run of the tests. */
	isQuick?: boolean
}

const functions = path.resolve(import.meta.dirname, '../../functions')

/** The function as the mutant has it. Throws when the source has moved on. */
export function mutatedSql({ name, file, from, to }: Mutant): string {
	const parts = fs.readFileSync(path.join(functions, file), 'utf8').split(from)
	if (parts.length !== 2)
		throw new Error(
			`Mutant "${name}": its \`from\` stands ${parts.length - 1} times in functions/${file}. Say anew what it breaks: ${from}`,
		)
	if (from === to) throw new Error(`Mutant "${name}" breaks nothing.`)
	return parts.join(to)
}
