import test from 'ava'
import { addDependency, cancel, discard, retry, retryAll, settleChunk, submit, tick } from './operations.ts'
import { playScenarios } from './scenario.ts'
import { claim, complete, fail, report } from './steps.ts'

const child = { jobs: { a: {}, b: {}, c: { on: ['a', 'b'] } }, workers: { w: 3, x: 3 } }

playScenarios(test, {
	'both parents of a child end while another worker looks for it': {
		...child,
		before: [claim('w', 1), claim('x', 1)],
		sessions: [[complete('a')], [complete('b')], [claim('w', 3), complete()]],
	},
	'parents of one claim end apart, and the child is cancelled': {
		...child,
		before: [claim('w', 2)],
		sessions: [[report('w', 'a'), claim('w')], [complete('b')], [cancel('c')]],
	},
	'a parent fails, the other completes, and the failed one is retried with its dependents': {
		...child,
		before: [claim('w', 2)],
		sessions: [
			[fail('a'), retryAll('a')],
			[complete('b'), claim('x', 3)],
		],
	},
	'two parents fail and are retried at once': {
		...child,
		before: [claim('w', 1), claim('x', 1)],
		sessions: [
			[fail('a'), retryAll('a')],
			[fail('b'), retryAll('b')],
		],
		mayDeadlock: 'each transaction has ended one parent, and brings back the child, for which it asks for the other',
	},
	'edges that would close a circle come at once': {
		jobs: { a: {}, b: {}, c: {} },
		workers: { w: 1 },
		sessions: [[addDependency('a', 'b')], [addDependency('b', 'c')], [addDependency('c', 'a')]],
	},
	'opposite edges come while one of the jobs is claimed and completed': {
		jobs: { a: {}, b: {} },
		workers: { w: 1 },
		sessions: [[addDependency('a', 'b')], [addDependency('b', 'a')], [claim('w'), complete()]],
	},
	'an edge comes while its parent ends and its child is claimed': {
		jobs: { a: {}, b: {} },
		workers: { w: 1, x: 1 },
		before: [claim('w')],
		sessions: [[addDependency('b', 'a')], [complete('a')], [claim('x'), complete()]],
	},
	'an edge comes to a job that moves, and is counted down, meanwhile': {
		jobs: { a: {}, b: {}, c: { on: ['a'] } },
		workers: { w: 2 },
		before: [claim('w', 2)],
		sessions: [[addDependency('c', 'b')], [complete('a')], [complete('b')]],
	},
	'a failed job is retried twice, and claimed': {
		jobs: { a: {} },
		workers: { w: 1 },
		before: [claim('w'), fail('a')],
		sessions: [[retry('a')], [retry('a')], [claim('w'), complete()]],
	},
	'a job is submitted while its dependencies end, fail and are retried': {
		jobs: { a: {}, b: {} },
		workers: { w: 2 },
		before: [claim('w', 2)],
		sessions: [[submit('c', { on: ['a', 'b'] })], [complete('a')], [fail('b'), retry('b')]],
	},
	'a failed job is discarded, retried and made a dependency at once': {
		jobs: { a: {} },
		workers: { w: 1 },
		before: [claim('w'), fail('a')],
		sessions: [[discard('a')], [retry('a')], [submit('b', { on: ['a'] })]],
	},
	'a failed job is discarded twice, and made a dependency of another': {
		jobs: { a: {}, b: {} },
		workers: { w: 1 },
		before: [claim('w'), fail('a')],
		sessions: [[discard('a')], [discard('a')], [addDependency('b', 'a', 'failure')]],
	},
	'a failed job is discarded while it is retried with its dependents, and one of them is retried': {
		jobs: { a: {}, b: { on: ['a'] } },
		workers: { w: 1 },
		before: [claim('w'), fail('a')],
		sessions: [[discard('a')], [retryAll('a')], [retry('b')]],
	},
	'a chain is cancelled at its head and extended at its end': {
		jobs: { a: {}, b: { on: ['a'] }, c: { on: ['b'] } },
		workers: { w: 1 },
		sessions: [[cancel('a')], [submit('d', { on: ['c'] })], [claim('w'), complete()]],
	},
	'the handler of a failure is let go while the failed job is retried': {
		jobs: { a: {}, h: { on: [{ job: 'a', condition: 'failure' }] } },
		workers: { w: 1, x: 1 },
		before: [claim('w')],
		sessions: [
			[fail('a'), retry('a')],
			[claim('x'), complete()],
		],
	},
	'a handler of a failure is submitted while the failed job is retried': {
		jobs: { a: {} },
		workers: { w: 1, x: 1 },
		before: [claim('w'), fail('a')],
		sessions: [[retry('a')], [submit('h', { on: ['a'], condition: 'failure' })], [claim('x'), complete()]],
	},
	'a child of two is reopened by a retry while its other parent ends and a tick looks': {
		jobs: { a: {}, b: {}, c: { on: [{ job: 'a', condition: 'finished' }, 'b'] } },
		workers: { w: 2, x: 2 },
		before: [claim('w', 2), fail('a')],
		sessions: [[retry('a')], [complete('b')], [claim('x', 2), settleChunk()]],
	},
	'a tick does its work beside two workers that end what it looks at': {
		...child,
		before: [claim('w', 1), claim('x', 1)],
		sessions: [[tick()], [fail('a')], [report('x', 'b', 'completed', 1)]],
	},
})
