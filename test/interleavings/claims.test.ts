import test from 'ava'
import { cancel, expire, overrun, rescue, retry, silence } from './operations.ts'
import { playScenarios } from './scenario.ts'
import { claim, complete, fail, heartbeat, progress, releaseUnknown, report, stop } from './steps.ts'

playScenarios(test, {
	'two workers claim at once, and neither waits': {
		jobs: { a: {}, b: {} },
		workers: { w: 1, x: 1 },
		sessions: [[claim('w')], [claim('x')]],
		nobodyWaits: true,
	},
	'three workers claim and complete two jobs': {
		jobs: { a: {}, b: {} },
		workers: { w: 1, x: 1, y: 1 },
		sessions: [
			[claim('w'), complete()],
			[claim('x'), complete()],
			[claim('y'), complete()],
		],
		isLarge: true,
	},
	'a claim is completed, reported and failed at once': {
		jobs: { a: {}, b: {} },
		workers: { w: 2 },
		before: [claim('w', 2)],
		sessions: [
			[complete('a'), complete('b')],
			[report('w', 'a', 'failed'), report('w', 'b')],
			[fail('b'), fail('a')],
		],
	},
	'a silent worker reports while it is rescued and its job is claimed anew': {
		jobs: { a: {} },
		workers: { w: 1, x: 1 },
		before: [claim('w'), silence('w')],
		sessions: [
			[heartbeat('w'), complete('a')],
			[rescue(), rescue()],
			[claim('x'), complete()],
		],
	},
	'a silent worker is heard of, by a heartbeat of its own or of another, while it is rescued': {
		jobs: { a: {}, b: {} },
		workers: { w: 1, x: 1 },
		before: [claim('w'), silence('w')],
		sessions: [[heartbeat('w')], [heartbeat('x'), claim('x')], [rescue()]],
	},
	'a job that overran ends while the database ends it and another worker takes it': {
		jobs: { a: { retry_config: { max_attempts: 2 } } },
		workers: { w: 1, x: 1 },
		before: [claim('w'), overrun('w')],
		sessions: [
			[progress('a'), complete('a')],
			[expire(), expire()],
			[claim('x'), complete()],
		],
		isLarge: true,
	},
	'a worker says goodbye while its job ends and says how far it is': {
		jobs: { a: {} },
		workers: { w: 1 },
		before: [claim('w')],
		sessions: [[stop('w')], [complete('a')], [progress('a')]],
	},
	'an attempt that overran is completed while the database ends it': {
		jobs: { a: { retry_config: { max_attempts: 1 } }, b: {} },
		workers: { w: 2 },
		before: [claim('w', 2), overrun('w')],
		sessions: [[complete('a')], [expire()], [fail('b')]],
	},
	'a running job is cancelled, completed and retried': {
		jobs: { a: {} },
		workers: { w: 1, x: 1 },
		before: [claim('w')],
		sessions: [
			[cancel('a'), retry('a')],
			[report('w', 'a', 'failed'), claim('w')],
			[claim('x'), complete()],
		],
		isLarge: true,
	},
	'a ready job is cancelled, claimed and retried': {
		jobs: { a: {} },
		workers: { w: 1, x: 1 },
		sessions: [
			[cancel('a'), retry('a')],
			[claim('w'), complete()],
			[claim('x'), fail()],
		],
	},
	'a worker stops while it claims and reports, and is rescued': {
		jobs: { a: {}, b: {} },
		workers: { w: 1, x: 2 },
		before: [claim('w'), silence('w')],
		sessions: [
			[report('w', 'a'), claim('w')],
			[stop('w'), claim('x')],
			[rescue(), complete('a')],
		],
		mayDeadlock: 'one transaction reports, which holds the claim, and then claims, which asks for the worker',
		isLarge: true,
	},
	'a worker gives back what it does not know of while it claims': {
		jobs: { a: {}, b: {} },
		workers: { w: 2 },
		before: [claim('w')],
		sessions: [
			[claim('w'), complete()],
			[releaseUnknown('w'), claim('w')],
			[complete('a'), fail('a')],
		],
		isLarge: true,
	},
})
