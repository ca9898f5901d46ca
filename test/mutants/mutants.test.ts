import fs from 'node:fs'
import test from 'ava'
import { type Killed, kill } from './kill.ts'
import { mutants } from './list.ts'
import { type Mutant, mutatedSql } from './mutant.ts'

/** All of them, and the same tests in a sound database: node test/mutants/run.ts */
const isAll = process.env.MUTANTS === 'all'

test('every mutant breaks what stands in functions/', (t) => {
	const gone: Mutant = { ...mutants[0]!, from: 'what nobody wrote' }

	for (const mutant of mutants) t.notThrows(() => mutatedSql(mutant))
	t.throws(() => mutatedSql(gone), { message: /Say anew/ })
	t.true(mutants.length >= 16)
})

/** A line of the table that run.ts prints. */
function report(name: string, { by, seconds }: Killed): void {
	if (process.env.MUTANTS_REPORT) fs.appendFileSync(process.env.MUTANTS_REPORT, `${JSON.stringify({ name, by, seconds })}\n`)
}

for (const mutant of mutants.filter(({ isQuick }) => isAll || isQuick))
	test.serial(`${mutant.name}: is caught`, async (t) => {
		t.timeout(600_000)

		const killed = await kill(mutant, mutant.caughtBy)

		report(mutant.name, killed)
		for (const [tests, failed] of Object.entries(killed.by)) t.true(failed.length > 0, `${tests} does not see it`)
	})

if (isAll)
	test.serial('what catches them fails for no other reason', async (t) => {
		t.timeout(600_000)

		const killed = await kill(null, [...new Set(mutants.flatMap(({ caughtBy }) => caughtBy))])

		report('none', killed)
		t.deepEqual(
			Object.entries(killed.by).filter(([, failed]) => failed.length),
			[],
		)
	})
