import test from 'ava'
import { bePatient } from '../support/patience.ts'
import { rows } from './rows.ts'
import { runRow, SHORT } from './trial.ts'

// the short form of `npm run faults`: each fault on a database and with processes of its own
for (const row of rows)
	test.serial(`nothing is lost and the rate comes back: ${row.title}`, async (t) => {
		bePatient(t, 2) // more than the limits of a trial together: it says then what did not come

		const { breaches, ...figures } = await runRow(row, SHORT)

		t.log(JSON.stringify(figures))
		t.deepEqual(breaches.slice(0, 20), [])
	})
