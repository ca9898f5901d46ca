import test from 'ava'
import { check } from './checker.ts'
import type { LedgerEvent } from './events.ts'
import type { Execution, Facts, JobFact } from './facts.ts'
import { readHistory } from './history.ts'

// each rule is held against a sound run, and then seen to find what is wrong with a forged one

const job = (fields: Partial<JobFact>): JobFact => ({
	...{ job_id: 'a', type: 'quick', status: 'completed', reason: null, tag: 'tag-a', idempotency_key: 'tag-a', finished: 300 },
	...fields,
})
const execution = (fields: Partial<Execution>): Execution => ({
	...{ job_id: 'a', claim_id: '1', outcome: 'completed', worker: 'w1.1', started: 100, ended: 300 },
	...fields,
})
const invoke = (fields: object = {}): LedgerEvent =>
	({ is: 'invoke', op: '1', t: 50, call: 'submit', door: 'sql', tags: ['tag-a'], keyed: true, ...fields }) as LedgerEvent
const ok = (fields: object = {}): LedgerEvent => ({ is: 'ok', op: '1', t: 60, ids: ['a'], ...fields }) as LedgerEvent
const step = (fields: object = {}): LedgerEvent => ({ is: 'start', t: 110, job: 'a', claim: '1', worker: 'w1.1', ...fields }) as LedgerEvent
const told = (job = 'a'): LedgerEvent => ({ is: 'told', t: 310, job })
const fault = (name: string, ...workers: string[]): LedgerEvent => ({ is: 'fault', t: 105, fault: name, workers })

const sound = (): { events: LedgerEvent[]; facts: Facts } => ({
	events: [invoke(), ok(), step(), step({ is: 'end', t: 290 }), told()],
	facts: { jobs: [job({})], executions: [execution({})], effects: [], edges: [], held: 0, invariants: [] },
})

const breachesOf = async ({ events, facts }: ReturnType<typeof sound>): Promise<string[]> => check(await readHistory(events), facts)

/** An effect job as it should be. */
function withEffect(): ReturnType<typeof sound> {
	const run = sound()
	run.facts.jobs = [job({ type: 'effect' })]
	run.facts.effects = [{ job_id: 'a', claim_id: '1' }]
	run.events.push(step({ is: 'committed', t: 280 }))
	return run
}

/** A job, and one that waits for it. */
function withChild(): ReturnType<typeof sound> {
	const run = sound()
	run.facts.jobs.push(job({ job_id: 'b', tag: 'tag-b', finished: 500 }))
	run.facts.executions.push(execution({ job_id: 'b', claim_id: '2', started: 310, ended: 500 }))
	run.facts.edges = [{ job_id: 'b', depends_on_id: 'a', condition: 'success' }]
	run.events.push(step({ job: 'b', claim: '2', t: 320 }), step({ is: 'end', job: 'b', claim: '2', t: 490 }), told('b'))
	return run
}

/** A job whose first worker was killed. */
function withRescue(): ReturnType<typeof sound> {
	const run = sound()
	run.facts.executions = [execution({ outcome: 'lost', ended: 150 }), execution({ claim_id: '2', worker: 'w2.1', started: 160 })]
	run.events = [invoke(), ok(), step(), fault('kill', 'w1.1'), step({ claim: '2', worker: 'w2.1', t: 170 })]
	run.events.push(step({ is: 'end', claim: '2', worker: 'w2.1', t: 250 }), told())
	return run
}

test('sound runs have no breaches', async (t) => {
	for (const make of [sound, withEffect, withChild, withRescue]) t.deepEqual(await breachesOf(make()), [], make.name)
})

test('a call that is made again, and a worker that wakes up late, are no breach', async (t) => {
	const run = withRescue()
	run.events.push(invoke({ op: '2' }), { is: 'unknown', op: '2', t: 70, error: 'x' }, invoke({ op: '3' }), ok({ op: '3' }))
	run.events.push(fault('stop', 'w1.1'), step({ is: 'end', t: 400 }))

	t.deepEqual(await breachesOf(run), [])
})

const forged: Record<string, [rule: string, make: () => ReturnType<typeof sound>, forge: (run: ReturnType<typeof sound>) => unknown]> = {
	'an acknowledged job that is not there': ['I1', sound, ({ facts }) => [facts.jobs.splice(0), facts.executions.splice(0)]],
	'an acknowledged job that is another': ['I1', sound, ({ facts }) => Object.assign(facts.jobs[0]!, { tag: 'other' })],
	'a cancelled job that ran to its end': [
		'I1',
		sound,
		({ events }) => events.push(invoke({ op: 'c', call: 'cancel', tags: [], job: 'a' }), ok({ op: 'c', status: 'cancelled' })),
	],
	'a job that never ended': ['I2', sound, ({ facts }) => Object.assign(facts.jobs[0]!, { status: 'running' })],
	'a job with two ends': ['I3', sound, ({ facts }) => facts.jobs.push(job({}))],
	'a job that was completed twice': ['I3', withRescue, ({ facts }) => Object.assign(facts.executions[0]!, { outcome: 'completed' })],
	'a completed job that nobody completed': ['I3', sound, ({ facts }) => Object.assign(facts.executions[0]!, { outcome: 'failed' })],
	'a failed job that was completed': ['I3', sound, ({ facts }) => Object.assign(facts.jobs[0]!, { status: 'failed' })],
	'a claim that comes after a later one': ['I4', withRescue, ({ facts }) => Object.assign(facts.executions[0]!, { claim_id: '3' })],
	'a claim with two outcomes': ['I4', withRescue, ({ facts }) => Object.assign(facts.executions[1]!, { claim_id: '1' })],
	'a handler that starts for an old claim': ['I4', withRescue, ({ events }) => events.push(step({ t: 180, worker: 'w3.1' }))],
	'a job that was completed for a handler that was still at it': ['I4', sound, ({ events }) => events.splice(3, 1)],
	'a job that was completed for a handler that ended later': [
		'I4',
		sound,
		({ events }) => events.splice(3, 1, step({ is: 'end', t: 350 })),
	],
	'a job that was completed for a claim by the handler of another': [
		'I4',
		withEffect,
		({ facts }) => Object.assign(facts.executions[0]!, { claim_id: '2' }),
	],
	'an effect that is missing': ['I5', withEffect, ({ facts }) => facts.effects.splice(0)],
	'an effect that happened twice': ['I5', withEffect, ({ facts }) => facts.effects.push({ job_id: 'a', claim_id: '2' })],
	'an effect of a job that failed': ['I5', withEffect, ({ facts }) => Object.assign(facts.jobs[0]!, { status: 'failed' })],
	'a completion that was committed and undone': [
		'I5',
		withEffect,
		({ facts }) => [Object.assign(facts.jobs[0]!, { status: 'cancelled' }), facts.effects.splice(0)],
	],
	'jobs that are still held': ['I6', sound, ({ facts }) => Object.assign(facts, { held: 1 })],
	'a breach that the database knows': ['I6', sound, ({ facts }) => facts.invariants.push('worker x holds more than it has')],
	'a child that was claimed before its parent had ended': [
		'I7',
		withChild,
		({ facts }) => Object.assign(facts.executions[1]!, { started: 200 }),
	],
	'a child that started before its parent had ended': [
		'I7',
		withChild,
		({ events }) => events.push(step({ job: 'b', claim: '2', t: 250 })),
	],
	'a child of a parent that did not succeed': ['I7', withChild, ({ facts }) => Object.assign(facts.jobs[0]!, { status: 'failed' })],
	'two jobs of one key': ['I8', sound, ({ facts }) => facts.jobs.push(job({ job_id: 'b' }))],
	'one key that was answered with two jobs': ['I8', sound, ({ events }) => events.push(invoke({ op: '2' }), ok({ op: '2', ids: ['b'] }))],
	'a job that was refused and is there': [
		'I8',
		sound,
		({ events }) => events.splice(1, 1, { is: 'failed', op: '1', t: 60, error: 'x', refused: false }),
	],
	'a good call that was refused': [
		'I8',
		sound,
		({ events }) => events.push(invoke({ op: '2' }), { is: 'failed', op: '2', t: 70, error: 'x', refused: true }),
	],
	'a claim that was started twice': ['I9', sound, ({ events }) => events.push(step({ t: 120 }))],
	'a start for a claim that never was': ['I9', sound, ({ events }) => events.push(step({ t: 120, claim: '7' }))],
	'an end that nobody was told of': ['I10', sound, ({ events }) => events.splice(4, 1)],
	'a job that was lost though nobody harmed its worker': ['I9', withRescue, ({ events }) => events.splice(3, 1)],
}

for (const [what, [rule, make, forge]] of Object.entries(forged))
	test(`${what} is found`, async (t) => {
		const run = make()
		forge(run)

		const breaches = await breachesOf(run)

		t.true(
			breaches.some((breach) => breach.startsWith(`${rule} `)),
			`${rule} not among ${JSON.stringify(breaches)}`,
		)
	})
