import test from 'ava'
import { checkCapacity, checkCompleted, checkOrder, findPeaks, type Held, makespanOf, type RunRecord } from '../../bench/workflow-checks.ts'
import type { Step } from '../../bench/workflow-file.ts'

const steps: Step[] = [
	{ name: 'a', seconds: 1, cpuUnits: 2, memoryMb: 100, parents: [] },
	{ name: 'b', seconds: 1, cpuUnits: 0.1, memoryMb: 50, parents: ['a'] },
	{ name: 'c', seconds: 1, cpuUnits: 0.2, memoryMb: 50, parents: ['a'] },
]
const capacity = { workers: 2, cpu: 2, memoryMb: 100 }

const held = (name: string, fromEvent: number, toEvent: number, rest: Partial<Held> = {}): Held => ({
	...{ name, workerId: 'w1', fromEvent, toEvent, startedAt: fromEvent * 1000, endedAt: toEvent * 1000, completed: true },
	...rest,
})

/** A record in which all is well: a, then b and c, claimed at once. */
const sound = (): RunRecord => ({
	submittedAt: 500,
	jobs: [
		{ name: 'a', status: 'completed', why: null, ran: { beganAt: 2001, endedAt: 2999 } },
		{ name: 'b', status: 'completed', why: null, ran: { beganAt: 5001, endedAt: 5999 } },
		{ name: 'c', status: 'completed', why: null, ran: { beganAt: 5001, endedAt: 6999 } },
	],
	held: [held('a', 2, 3), held('b', 5, 6), held('c', 5, 7)],
})

test('a sound record passes every check', (t) => {
	const record = sound()

	t.is(checkCompleted(steps, record), null)
	t.is(checkOrder(steps, record), null)
	t.is(checkCapacity(steps, record, capacity), null)
	t.is(makespanOf(record), 6.5)
	t.deepEqual(findPeaks(steps, record), { cpuOfOne: 2, memoryOfOne: 100, cpuOfAll: 2, memoryOfAll: 100 })
})

test('peaks of one worker and of all together are told apart', (t) => {
	const record = { ...sound(), held: [held('a', 2, 6), held('b', 3, 4, { workerId: 'w2' }), held('c', 4, 5, { workerId: 'w2' })] }

	t.deepEqual(findPeaks(steps, record), { cpuOfOne: 2, memoryOfOne: 100, cpuOfAll: 2.2, memoryOfAll: 150 })
})

test('a job that did not complete is found, with why', (t) => {
	const record = sound()
	record.jobs[1] = { name: 'b', status: 'failed', why: 'it broke', ran: null }

	t.is(checkCompleted(steps, record), '1 of 3 jobs did not complete: b is failed (it broke).')
})

test('a job that is not there is found', (t) => {
	const record = sound()
	record.jobs.pop()

	t.is(checkCompleted(steps, record), '1 of 3 jobs did not complete: c is not in the database.')
})

const tooSoon: Record<string, [broken: (record: RunRecord) => void, sentence: RegExp]> = {
	'by the order of events': [(r) => r.held.push(held('b', 2, 3)), /b was claimed at event 2, its parent a ended at 3/],
	'by the times of the record': [
		(r) => r.held.splice(1, 1, held('b', 5, 6, { startedAt: 2990 })),
		/b started 10 ms before its parent a ended/,
	],
	'by what the handlers say': [
		(r) => r.jobs.splice(2, 1, { ...r.jobs[2]!, ran: { beganAt: 2998, endedAt: 6999 } }),
		/handler of c began 1\.0 ms before/,
	],
	'while the parent never finished': [(r) => r.held.shift(), /b started, and its parent a never finished; c started/],
	'while the parent did not complete': [(r) => r.held.splice(0, 1, held('a', 2, 3, { completed: false })), /its parent a never finished/],
}

for (const [how, [breakIt, sentence]] of Object.entries(tooSoon)) {
	test(`a child that started before its parent had finished is found ${how}`, (t) => {
		const record = sound()
		breakIt(record)

		t.regex(checkOrder(steps, record) ?? '', sentence)
	})
}

const tooMuch: Record<string, [broken: (record: RunRecord) => void, sentence: RegExp]> = {
	'cpu, from the claim on': [
		(r) => r.held.splice(1, 1, held('b', 2, 6, { startedAt: 5000 })),
		/w1 held 2\.1 of 2 cpu units at event 2;.* 150 of 100 MB/,
	],
	'cpu, of a job that never ends': [(r) => r.held.push(held('a', 4, Number.POSITIVE_INFINITY)), /w1 held 2\.3 of 2 cpu units at event 5/],
	'memory alone': [(r) => r.held.push(held('b', 5, 8)), /held 150 of 100 MB at event 5/],
	'in a claim whose predecessor ends with the next event': [(r) => r.held.push(held('a', 6, 7)), /w1 held 2\.2 of 2 cpu units at event 6/],
}

for (const [what, [breakIt, sentence]] of Object.entries(tooMuch)) {
	test(`a worker that held more than it has is found: ${what}`, (t) => {
		const record = sound()
		breakIt(record)

		t.regex(checkCapacity(steps, record, capacity) ?? '', sentence)
	})
}

test('more workers than there should be are found by what they held together', (t) => {
	const record = { ...sound(), held: ['w1', 'w2', 'w3'].map((workerId) => held('a', 2, 3, { workerId })) }

	t.is(
		checkCapacity(steps, record, capacity),
		'more was held than there is, 2 times: all together held 6 of 4 cpu units; all together held 300 of 200 MB.',
	)
})

test('a long list of faults is cut short', (t) => {
	const many = Array.from({ length: 9 }, (_, n) => ({ ...steps[0]!, name: `s${n}` }))

	t.regex(checkCompleted(many, { submittedAt: 0, jobs: [], held: [] }) ?? '', /^9 of 9 .*s2 is not in the database; and 6 more\.$/)
})
