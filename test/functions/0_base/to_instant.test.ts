import test from 'ava'
import { useDb } from '../../support/db.ts'

const db = useDb(test)

const instant = async (value: string) => (await db.row('select taskq_private.to_instant($1) as at', [value])).at as Date | null

test('an ISO 8601 text with a zone is an instant', async (t) => {
	t.is((await instant('2030-01-15T10:00:00Z'))?.toISOString(), '2030-01-15T10:00:00.000Z')
	t.is((await instant('2030-01-15T10:00:00.25+05:30'))?.toISOString(), '2030-01-15T04:30:00.250Z')
	t.is((await instant('2030-01-15 10:00-05'))?.toISOString(), '2030-01-15T15:00:00.000Z')
	t.is((await instant('2030-01-15T24:00:00Z'))?.toISOString(), '2030-01-16T00:00:00.000Z')
})

test('anything else is null and never an error', async (t) => {
	const texts = ['', 'now', 'tomorrow', '2030-01-15', '2030-01-15T10:00:00', '1893456000', '2030-13-01T00:00:00Z', '2030-02-30T00:00:00Z']
	const more = [
		'2030-01-01T25:00:00Z',
		'2030-01-01T00:61:00Z',
		'2030-01-01T00:00:00+25:00',
		'0000-01-01T00:00:00Z',
		'2030-01-01T00:00:00 UTC',
	]

	for (const text of [...texts, ...more]) t.is(await instant(text), null, text)
})
