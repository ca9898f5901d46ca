import test from 'ava'
import type { Results } from '../../bench/compare/results.ts'
import { ASSUMED, project, projectionText, works } from '../../bench/compare/scaling.ts'

const entry = (name: string, sample: Record<string, number>) => ({ case: name, system: 'taskq', samples: [sample] })
const row = (...entries: ReturnType<typeof entry>[]) => ({ date: '2030-01-01', command: 'npm run bench', rounds: 1, entries })
const results: Results = {
	machine: { cpu: '', cores: 2, memory_gb: 4, system: '', node: '', postgres: '', settings: {}, versions: {} },
	rows: {
		drain: row(entry('200,000 jobs, 1 worker', { postgres_us: 30, wal_bytes: 600 })),
		bulk: row(entry('1,000 a call', { postgres_us: 20, wal_bytes: 400 })),
	},
}

test('a way to use the queue costs what its parts cost; one that was not measured is left out', (t) => {
	t.deepEqual(works(results), [{ name: 'lists of 1,000, run in batches', cpuUs: 50, walBytes: 1000 }])
})

test('a server carries what its cores do, or what its log takes', (t) => {
	const [work] = works(results)
	const log = (ASSUMED.walMegabytesPerSecond * 1e6) / 1000

	t.deepEqual(project(work!, 4, 500), {
		...{ jobsPerSecond: 4 * ASSUMED.share * 20_000, bound: 'cpu', walMegabytes: 4 * ASSUMED.share * 20 },
		keptGigabytes: (4 * ASSUMED.share * 20_000 * ASSUMED.keptSeconds * 500) / 1e9,
	})
	t.deepEqual(project(work!, 64, null), {
		jobsPerSecond: log,
		bound: 'WAL',
		walMegabytes: ASSUMED.walMegabytesPerSecond,
		keptGigabytes: null,
	})
})

test('the table has a line for each size of server', (t) => {
	const lines = projectionText(results)
		.split('\n')
		.filter((line) => line.startsWith('| lists'))

	t.is(lines.length, ASSUMED.cores.length)
	t.regex(lines[0]!, /\| 50 \| 1000 \| 4 \| 56,000 \| cpu \|/)
})
