import test from 'ava'
import { useDb } from '../../support/db.ts'
import { errorOf } from '../../support/stage.ts'

const db = useDb(test)

const read = (cron: string) => db.query('select taskq_private.read_cron($1)', [cron])

/** What is wrong, and the field of the expression that the error names. */
const bad: [cron: string, message: RegExp, hint: RegExp][] = [
	['', /five fields/, /MON-FRI/],
	['* * * *', /five fields/, /@daily/],
	['0 * * * * *', /five fields/, /minute, hour/],
	['@reboot', /five fields/, /@hourly/],
	['60 * * * *', /"60" is no minute/, /0 to 59/],
	['-1 * * * *', /"-1" is no minute/, /0 to 59/],
	['*/0 * * * *', /"\*\/0" is no minute/, /step such as \*\/2/],
	['5/10 * * * *', /"5\/10" is no minute/, /range such as/],
	['1,,2 * * * *', /"" is no minute/, /commas/],
	['1.5 * * * *', /"1.5" is no minute/, /0 to 59/],
	['* 24 * * *', /"24" is no hour/, /0 to 23/],
	['* 20-2 * * *', /"20-2" is no hour/, /0 to 23/],
	['* MON * * *', /"MON" is no hour/, /0 to 23/],
	['* * 0 * *', /"0" is no day of month/, /1 to 31 or L/],
	['* * 32 * *', /"32" is no day of month/, /1 to 31/],
	['* * L-3 * *', /"L-3" is no day of month/, /L, the last day/],
	['* * ? * *', /"\?" is no day of month/, /1 to 31/],
	['* * * 13 *', /"13" is no month/, /JAN to DEC/],
	['* * * JANUARY *', /"JANUARY" is no month/, /JAN to DEC/],
	['* * * * 8', /"8" is no day of week/, /0 to 7 or SUN to SAT/],
	['* * * * FRI-MON', /"FRI-MON" is no day of week/, /SUN to SAT/],
	['* * * * MON#1', /"MON#1" is no day of week/, /SUN to SAT/],
	['* * * * 99999999999', /is no day of week/, /0 to 7/],
	['0 0 30 2 *', /never comes/, /February has/],
	[`${'1,'.repeat(300)}1 * * * *`, /five fields/, /MON-FRI/],
]

for (const [cron, message, hint] of bad)
	test(`"${cron.slice(0, 40)}" is refused, naming the field and what it takes`, async (t) => {
		const error = await errorOf(read(cron))

		t.like(error, { code: 'TQ422', column: 'cron' })
		t.regex(error.message!, message)
		t.regex(error.hint!, hint)
	})
