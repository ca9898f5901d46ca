import test from 'ava'
import { asText, fillDocument } from './report.ts'
import { rows } from './rows.ts'
import type { Result } from './trial.ts'

const result = (fields: Partial<Result> = {}): Result => ({
	...{ name: 'kill-worker', baseline: 100, during: 80, recovery: 99, ratio: 0.99, back: 1.5, jobs: 4000, calls: 2000, unknown: 3 },
	...{ lost: 0, doubled: 0, repeated: 12, notes: [], breaches: [] },
	...fields,
})
const empty = '# x\n<!-- faults:begin rows -->\n<!-- faults:end rows -->\n<!-- faults:begin about -->\n<!-- faults:end about -->\nend\n'
const lineOf = (text: string, title: string) => text.split('\n').find((line) => line.startsWith(`| ${title} |`))

test('a document gets the lines of the rows that ran, and keeps the others', (t) => {
	const first = fillDocument(empty, [result()], 'today')
	const second = fillDocument(first, [result({ name: 'poison', lost: 1, breaches: ['I1 gone'] })], 'tomorrow')

	t.is(
		lineOf(second, 'SIGKILL one of two workers'),
		'| SIGKILL one of two workers | 100 | 80 | 99 | 99 % | 1.5 s | 4000 | 3 | 12 | 0 | 0 |',
	)
	t.regex(lineOf(second, 'a job that kills each worker that runs it')!, /99 % \*\*failed\*\*.* \| 1 \| 0 \|$/)
	t.regex(lineOf(second, 'repeated SIGKILL')!, /not run yet/)
	t.is(second.split('\n').filter((line) => line.startsWith('| ')).length, rows.length + 2)
	t.regex(second, /\n\ntomorrow\n\n/)
	t.false(second.includes('today'))
})

test('a document without its markers is refused', (t) => {
	t.throws(() => fillDocument('# x\n', [result()], 'today'), { message: /no block <!-- faults:begin rows -->/ })
})

test('what broke a promise is said below its line', (t) => {
	t.regex(
		asText([result({ notes: ['a note'], breaches: ['I1 job 7 is gone'] })]),
		/99 % \*\*failed\*\*.*\n {4}a note\n {4}! I1 job 7 is gone$/,
	)
})
