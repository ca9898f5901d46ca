import test from 'ava'
import { help, readOptions, UsageError } from '../../bench/compare/options.ts'

const known = {
	rows: [
		{ name: 'drain', title: 'Drain' },
		{ name: 'pages', title: 'Pages' },
		{ name: 'history', title: 'History', isExtra: true },
	],
	systems: [
		{ name: 'taskq', title: 'taskq' },
		{ name: 'minimal', title: 'minimal' },
	],
}
const read = (...args: string[]) => readOptions(args, known)

test('without options it is everything but what is long, three times', (t) => {
	const options = read()

	t.deepEqual(options, {
		rows: ['drain', 'pages'],
		systems: ['taskq', 'minimal'],
		scale: { rounds: 3, divisor: 1, snapshotSeconds: 300, jobs: 0 },
		out: null,
		write: false,
	})
})

test('rows and systems are chosen by name, in the order of the document', (t) => {
	const options = read('--rows', 'history, drain', '--systems', 'minimal', '--rounds', '5', '--out', 'a.json')

	t.deepEqual(options?.rows, ['drain', 'history'])
	t.deepEqual(options?.systems, ['minimal'])
	t.is(options?.scale.rounds, 5)
	t.is(options?.out, 'a.json')
})

test('no rows at all is a wish too: the document is written again', (t) => {
	t.deepEqual(read('--rows', 'none', '--write')?.rows, [])
})

test('a quick run is small and has one round', (t) => {
	const scale = read('--quick')?.scale

	t.is(scale?.rounds, 1)
	t.true(scale!.divisor > 1)
	t.true(scale!.snapshotSeconds < 60)
})

test('what is not known, no number, or would write figures that are none is refused', (t) => {
	for (const args of [
		['--rows', 'drain,brain'],
		['--systems', ''],
		['--rounds', '0'],
		['--rounds', '1.5'],
		['--snapshot-seconds', 'long'],
		['--jobs=-1'],
		['--quick', '--write'],
		['--jobs', '10', '--write'],
	])
		t.throws(() => read(...args), { instanceOf: UsageError }, args.join(' '))
	t.throws(() => read('--fast'), { code: 'ERR_PARSE_ARGS_UNKNOWN_OPTION' })
})

test('help names every row and every system', (t) => {
	t.is(read('--help'), null)
	for (const { name } of [...known.rows, ...known.systems]) t.true(help(known).includes(name))
})
