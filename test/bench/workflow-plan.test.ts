import path from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { readWorkflow, type Step } from '../../bench/workflow-file.ts'
import { makePlan } from '../../bench/workflow-plan.ts'

const step = (name: string, seconds: number, parents: string[] = [], cpuUnits = 1): Step => ({
	name,
	seconds,
	cpuUnits,
	memoryMb: 64,
	parents,
})
const close = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9

test('where much can run at once, the critical path is the bound', (t) => {
	const steps = readWorkflow(path.join(import.meta.dirname, 'small-workflow.json'), { speed: 1, cpu: 8 })

	const plan = makePlan(steps, { workers: 4, cpu: 8 })

	t.deepEqual(plan, { criticalPath: 4, cpuSeconds: 1 + 5 + 4 + 12 + 0.5 + 3, lowerBound: 4, listSchedule: 4 })
})

test('where little can, the cpu-seconds over all cpu units are', (t) => {
	const steps = [step('a', 1), step('b', 2), step('c', 3, [], 2)]

	const plan = makePlan(steps, { workers: 1, cpu: 2 })

	t.deepEqual(plan, { criticalPath: 3, cpuSeconds: 9, lowerBound: 4.5, listSchedule: 5 })
})

test('a list schedule takes what is ready in its order and passes over what does not fit', (t) => {
	const steps = [step('a', 2), step('wide', 1, [], 2), step('b', 1), step('c', 1, ['b'])]

	t.is(makePlan(steps, { workers: 1, cpu: 2 }).listSchedule, 3) // a with b, then c; wide at the end
	t.is(makePlan(steps, { workers: 2, cpu: 2 }).listSchedule, 2)
})

test('a cycle is refused, naming its members', (t) => {
	const steps = [step('a', 1), step('b', 1, ['c', 'a']), step('c', 1, ['b'])]

	t.throws(() => makePlan(steps, { workers: 1, cpu: 1 }), { name: 'UsageError', message: /cycle.* b, c$/ })
	t.throws(() => makePlan([step('a', 1, ['a'])], { workers: 1, cpu: 1 }), { message: /cycle/ })
})

/** Any graph: a step may wait for earlier ones, listed in any order. */
const graphs = fc
	.array(fc.record({ seconds: fc.integer({ min: 0, max: 1000 }), parents: fc.array(fc.nat()) }), { minLength: 1, maxLength: 30 })
	.map((drawn) =>
		drawn.map(({ seconds, parents }, n) => step(`s${n}`, seconds, n === 0 ? [] : [...new Set(parents.map((p) => `s${p % n}`))])),
	)
	.chain((steps) => fc.shuffledSubarray(steps, { minLength: steps.length }))

test("no list schedule beats the lower bound, and none is worse than Graham's 2 - 1/m times it", (t) => {
	fc.assert(
		fc.property(graphs, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 }), (steps, workers, cpu) => {
			const { criticalPath, lowerBound, listSchedule } = makePlan(steps, { workers, cpu })

			t.true(criticalPath <= lowerBound)
			t.true(listSchedule >= lowerBound || close(listSchedule, lowerBound))
			t.true(listSchedule <= (2 - 1 / (workers * cpu)) * lowerBound + 1e-9)
		}),
	)
})
