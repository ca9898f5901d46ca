import test from 'ava'
import fc from 'fast-check'
import { easyBackfill } from '../../bench/simulate-easy.ts'
import { firstComeFirstServed } from '../../bench/simulate-fcfs.ts'
import { type Job, type Machine, type Placement, replay } from '../../bench/simulate-jobs.ts'
import { boundedSlowdown, findFault, measure, percentile } from '../../bench/simulate-metrics.ts'

const machine = (processors: number, workers = 1): Machine => ({ workers, processors, memoryMb: 1000 })
/** The number of a job is its place from 1. */
const trace = (...jobs: [submit: number, run: number, processors: number, more?: Partial<Job>][]): Job[] =>
	jobs.map(([submit, run, processors, more], n) => ({ number: n + 1, submit, run, expected: run, processors, memoryMb: 0, ...more }))
/** When each job starts, in the order of the trace. */
const starts = (placements: Placement[]): number[] => placements.toSorted((a, b) => a.job.number - b.job.number).map(({ start }) => start)

const small = trace([0, 10, 3], [1, 10, 4], [2, 5, 1], [3, 20, 1])

test('first come, first served: whoever has no room holds up all behind it', async (t) => {
	const placements = await replay(small, firstComeFirstServed(machine(4)))

	t.deepEqual(starts(placements), [0, 10, 20, 20])
})

test('EASY: a job that ends before the first in line gets room goes first, one that does not waits', async (t) => {
	const placements = await replay(small, easyBackfill(machine(4)))

	t.deepEqual(starts(placements), [0, 10, 2, 20])
})

test('EASY: a job that fits beside the first in line goes first however long it runs, as long as there is room', async (t) => {
	const jobs = trace([0, 10, 3], [1, 10, 3], [2, 50, 1], [3, 50, 1])

	t.deepEqual(starts(await replay(jobs, easyBackfill(machine(4)))), [0, 10, 2, 20])
	t.deepEqual(starts(await replay(jobs, easyBackfill(machine(5)))), [0, 10, 2, 3])
})

test('EASY: what ends at the instant of the reservation leaves room beside it', async (t) => {
	const jobs = trace([0, 10, 4], [0, 10, 2], [1, 10, 6], [2, 100, 2])

	t.deepEqual(starts(await replay(jobs, easyBackfill(machine(8)))), [0, 0, 10, 2])
})

test('EASY goes by what is expected, and a job that overruns delays the first in line', async (t) => {
	const late = trace([0, 30, 3, { expected: 10 }], [1, 10, 4], [2, 5, 1, { expected: 9 }], [12, 5, 1])
	const early = trace([0, 10, 3, { expected: 100 }], [1, 10, 4], [2, 60, 1])

	t.deepEqual(starts(await replay(late, easyBackfill(machine(4)))), [0, 30, 40, 40])
	t.deepEqual(starts(await replay(early, easyBackfill(machine(4)))), [0, 62, 2])
})

test('EASY: with several workers, the reservation is where there is room first, and the others are free', async (t) => {
	const jobs = trace([0, 10, 3], [0, 30, 3], [1, 10, 4], [2, 100, 1], [2, 20, 1])

	const placements = await replay(jobs, easyBackfill(machine(4, 2)))

	t.deepEqual(starts(placements), [0, 0, 10, 2, 20])
	t.deepEqual(
		placements.toSorted((a, b) => a.job.number - b.job.number).map(({ worker }) => worker),
		[0, 1, 0, 1, 0],
	)
})

test('memory counts as processors do', async (t) => {
	const jobs = trace([0, 10, 1, { memoryMb: 600 }], [1, 10, 1, { memoryMb: 500 }], [2, 8, 1, { memoryMb: 400 }])

	t.deepEqual(starts(await replay(jobs, firstComeFirstServed(machine(8)))), [0, 10, 10])
	t.deepEqual(starts(await replay(jobs, easyBackfill(machine(8)))), [0, 10, 2])
})

const anyTrace = fc
	.array(fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 6 }), fc.nat(60)), { minLength: 1, maxLength: 30 })
	.map((jobs) =>
		trace(
			...jobs.map(([submit, run, processors, more]): Parameters<typeof trace>[0] => [submit, run, processors, { expected: run + more }]),
		).sort((a, b) => a.submit - b.submit),
	)

test('both schedules are sound for any trace', async (t) => {
	await fc.assert(
		fc.asyncProperty(anyTrace, fc.integer({ min: 1, max: 3 }), async (jobs, workers) => {
			for (const scheduler of [firstComeFirstServed(machine(6, workers)), easyBackfill(machine(6, workers))])
				t.is(findFault(jobs, await replay(jobs, scheduler), machine(6, workers)), null)
		}),
		{ numRuns: 200 },
	)
})

test('what is measured', async (t) => {
	const placements = await replay(small, firstComeFirstServed(machine(4)))

	const metrics = measure(placements, machine(4))

	t.deepEqual(metrics, {
		utilisation: (30 + 40 + 5 + 20) / (4 * 40),
		meanWait: (0 + 9 + 18 + 17) / 4,
		meanSlowdown: (1 + 1.9 + 2.3 + 1.85) / 4,
		largestWait: 18,
		makespan: 40,
	})
})

test('the slowdown of a short job is bounded', (t) => {
	t.is(boundedSlowdown(0, 1), 1)
	t.is(boundedSlowdown(5, 1), 1)
	t.is(boundedSlowdown(19, 1), 2)
	t.is(boundedSlowdown(30, 10), 4)
	t.is(boundedSlowdown(100, 100), 2)
})

test('percentiles are those of the nearest rank', (t) => {
	t.deepEqual([percentile([4, 1, 3, 2], 0.5), percentile([4, 1, 3, 2], 0.95), percentile([], 0.5)], [2, 4, 0])
})

const [first, second] = trace([0, 10, 3], [5, 10, 2]) as [Job, Job]
const at = (job: Job, start: number, worker = 0): Placement => ({ job, worker, start, end: start + job.run })
const faults: Record<string, [placements: Placement[], fault: RegExp | null]> = {
	'a sound schedule': [[at(first, 0), at(second, 10)], null],
	'a job that never ran': [[at(first, 0)], /^1 of 2 jobs never ran, such as job 2$/],
	'a job that ran twice': [[at(first, 0), at(second, 10), at(first, 30)], /^job 1 ran twice/],
	'a job that ran before it was there': [[at(second, 4), at(first, 20)], /^job 2 started at 4 s and was submitted at 5 s$/],
	'a worker that is not there': [[at(first, 0, 1), at(second, 10)], /^job 1 ran on worker 1$/],
	'too much at once': [[at(first, 0), at(second, 9)], /^worker 0 held 5 of 4 processors at 9 s$/],
}

for (const [what, [placements, fault]] of Object.entries(faults)) {
	test(`${what} is ${fault ? 'found' : 'let pass'}`, (t) => {
		const found = findFault([first, second], placements, machine(4))

		if (fault) t.regex(found!, fault)
		else t.is(found, null)
	})
}
