import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { setUp } from '../../bench/simulate-machine.ts'
import { parseTrace, readTrace } from '../../bench/simulate-swf.ts'
import { makeTrace } from '../../bench/traces/generate.ts'
import { UsageError } from '../../bench/workflow-file.ts'
import { root } from '../support/file-rules.ts'

const small = path.join(root, 'bench/traces/small.swf')
const parse = (...lines: string[]) => parseTrace(lines.join('\n'), 'a.swf')

interface Columns {
	submit?: number
	run?: number
	allocated?: number
	requested?: number
	seconds?: number
	memory?: number
}

let numbers = 0
const line = ({ submit = 0, run = 60, allocated = -1, requested = 4, seconds = 100, memory = -1 }: Columns = {}): string =>
	[++numbers, submit, -1, run, allocated, -1, -1, requested, seconds, memory, 1, 1, 1, -1, 1, 1, -1, -1].join(' ')

test('a job is what its line asks for', (t) => {
	const { jobs, processors, skipped } = parse('; MaxNodes: 8', ';MaxProcs:  128', '', `  ${line({ submit: 5, memory: 1500 })}\r`)

	t.is(processors, 128)
	t.like(jobs, [{ submit: 5, run: 60, expected: 100, processors: 4, memoryMb: 6 }])
	t.is(skipped.size, 0)
})

test('what a line does not ask for is taken from what happened', (t) => {
	const { jobs, processors } = parse('; MaxProcs: -1', '; MaxNodes: 8', line({ allocated: 3, requested: -1, seconds: -1 }))

	t.is(processors, 8)
	t.like(jobs, [{ expected: 60, processors: 3, memoryMb: 0 }])
})

test('jobs come in the order of their submits', (t) => {
	const { jobs } = parse(line({ submit: 9 }), line({ submit: 3 }), line({ submit: 9 }))

	t.deepEqual(
		jobs.map(({ submit, number }) => [submit, number]),
		[
			[3, numbers - 1],
			[9, numbers - 2],
			[9, numbers],
		],
	)
})

test('jobs that cannot be replayed are left out and counted', (t) => {
	const trace = parse(line({ run: 0 }), line({ run: -1 }), line({ requested: -1 }), line({ submit: -1 }), line({ requested: 9 }), line())

	const { jobs, skipped } = setUp(trace, { file: 'a.swf', processors: 16, workers: 2, memoryMb: null, jobs: null })

	t.is(jobs.length, 1)
	t.deepEqual(Object.fromEntries(skipped), { 'no run time': 2, 'no processors': 1, 'no submit time': 1, 'larger than a worker': 1 })
})

test('workers share the machine, and have memory for whatever their processors carry unless it is limited', (t) => {
	const trace = parse('; MaxProcs: 10', line({ memory: 2048 }), line({ memory: 4096, requested: 1 }))
	const options = { file: 'a.swf', processors: null, workers: 2, memoryMb: null, jobs: null }

	t.deepEqual(setUp(trace, options).machine, { workers: 2, processors: 5, memoryMb: 20 })
	const { machine, jobs, skipped } = setUp(trace, { ...options, workers: 1, memoryMb: 7 })
	t.deepEqual(machine, { workers: 1, processors: 10, memoryMb: 7 })
	t.is(jobs.length, 1)
	t.deepEqual(Object.fromEntries(skipped), { 'larger than a worker': 1 })
	t.is(setUp(trace, { ...options, jobs: 1 }).jobs.length, 1)
})

const wrong: Record<string, [lines: string[], message: RegExp]> = {
	'too few columns': [['; MaxProcs: 4', line(), '1 2 3'], /^a\.swf, line 3: 3 columns, where a job has 18$/],
	'a word for a number': [[line().replace(' 60 ', ' long ')], /^a\.swf, line 1: column 4 \(run time\) is "long", and not a number$/],
	'a machine without size': [['; MaxProcs: many'], /^a\.swf, line 1: MaxProcs is "many", and not a whole number above 0$/],
}

for (const [what, [lines, message]] of Object.entries(wrong)) {
	test(`${what}: the error names the line`, (t) => {
		t.throws(() => parse(...lines), { instanceOf: UsageError, message })
	})
}

test('a trace that does not say how large the machine was needs --processors', (t) => {
	const options = { file: 'a.swf', processors: null, workers: 1, memoryMb: null, jobs: null }

	t.throws(() => setUp(parse(line()), options), { instanceOf: UsageError, message: /neither MaxProcs nor MaxNodes: give --processors$/ })
	t.throws(() => setUp(parse(line()), { ...options, processors: 4, workers: 5 }), { instanceOf: UsageError, message: /too few/ })
	t.throws(() => setUp(parse(line()), { ...options, processors: 2 }), { instanceOf: UsageError, message: /no job that can be replayed/ })
})

test('the generator makes the trace that is shipped, byte for byte', (t) => {
	t.true(makeTrace() === fs.readFileSync(small, 'utf8'), 'run `npm run -s simulate:trace > bench/traces/small.swf`')
})

test('the trace that is shipped is what it is meant to be', (t) => {
	const { jobs, processors, skipped } = readTrace(small)

	t.is(processors, 64)
	t.is(jobs.length, 1000)
	t.is(skipped.size, 0)
	const work = jobs.reduce((sum, job) => sum + job.run * job.processors, 0)
	const load = work / (64 * jobs.at(-1)!.submit)
	t.true(load > 0.85 && load < 0.95, `load ${load}`)
	t.true(jobs.every(({ run, expected }) => run >= 10 && run <= expected && expected <= 14_400))
	t.not(makeTrace({ seed: 1 }), makeTrace())
})
