import test from 'ava'
import { cancel, submitKeys } from './operations.ts'
import { playScenarios } from './scenario.ts'
import { claim, complete, fail, stop } from './steps.ts'

const key = { concurrency_key: 'k', concurrency_limit: 1 }

playScenarios(test, {
	'three submits of one key': {
		sessions: [[submitKeys('k')], [submitKeys('k')], [submitKeys('k')]],
	},
	'submits of two keys, in opposite order': {
		sessions: [[submitKeys('k', 'l')], [submitKeys('l', 'k')], [submitKeys('k'), submitKeys('l')]],
	},
	'jobs of one concurrency key end, are cancelled and claimed': {
		jobs: { a: key, b: key, c: key },
		workers: { w: 1, x: 1 },
		maxRunning: 1,
		before: [claim('w')],
		sessions: [[complete('a'), claim('w')], [cancel('b')], [claim('x'), complete()]],
		isLarge: true,
	},
	'a job of a concurrency key is given back while the next are cancelled': {
		jobs: { a: key, b: key, c: key },
		workers: { w: 1, x: 1 },
		maxRunning: 1,
		before: [claim('w')],
		sessions: [[stop('w')], [cancel('b'), cancel('c')], [claim('x'), fail()]],
		isLarge: true,
	},
	'one worker claims in two sessions what it can only hold one of': {
		jobs: { a: {}, b: {}, c: {} },
		workers: { w: 1 },
		maxRunning: 1,
		sessions: [[claim('w', 3)], [claim('w', 3)], [claim('w'), complete()]],
	},
	'workers claim and give back what a pool allows one of': {
		jobs: { a: { needs: { lock: 1 } }, b: { needs: { lock: 1 } } },
		workers: { w: 2, x: 2 },
		pools: { lock: 1 },
		maxRunning: 1,
		sessions: [
			[claim('w', 2), complete()],
			[claim('x', 2), complete()],
		],
	},
})
