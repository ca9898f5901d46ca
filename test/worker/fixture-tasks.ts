/** Tasks for workers that tests run as processes, and for worker threads. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { FatalError, RetryAfterError, type Task, task } from '../../worker/task.ts'

const any = z.looseObject({})

export const tasks: Task[] = [
	task({ type: 'quick', payload: any }, (payload) => payload),
	task({ type: 'slow', payload: z.object({ ms: z.number() }) }, async ({ ms }, job) => {
		console.log('slow has begun') // that the database says running does not say so yet
		await sleep(ms, undefined, { signal: job.signal })
		return { slept: ms }
	}),
	task({ type: 'stubborn', payload: any }, async () => {
		console.log('stubborn has begun')
		await sleep(3_600_000)
	}),
	task({ type: 'forgetful', payload: any }, async () => {
		void Promise.reject(new Error('forgotten'))
		return 'done'
	}),
	task({ type: 'stray', payload: any }, (_payload, job) => {
		setTimeout(() => {
			throw new Error('let fly')
		}, 10)
		return new Promise((_resolve, reject) => job.signal.addEventListener('abort', () => reject(job.signal.reason)))
	}),
	task({ type: 'stray_late', payload: any }, () => {
		setTimeout(() => {
			throw new Error('let fly after the end')
		}, 300)
		return Promise.resolve('done')
	}),
	task({ type: 'thread_stray', payload: any, isolation: 'thread' }, () => {
		setTimeout(() => {
			throw new Error('let fly in a thread')
		}, 10)
		return new Promise(() => {})
	}),
	task({ type: 'poison', payload: any }, () => {
		process.kill(process.pid, 'SIGKILL')
		return new Promise(() => {})
	}),
	task({ type: 'thread_sum', payload: z.object({ upTo: z.number() }), isolation: 'thread' }, async ({ upTo }, job) => {
		job.log.info('adding', { upTo })
		job.progress(50, { half: true })
		let sum = 0
		for (let n = 1; n <= upTo; n++) sum += n
		return { sum, parents: Object.keys(await job.parents()).length }
	}),
	task({ type: 'thread_parents', payload: any, isolation: 'thread' }, async (_payload, job) => {
		const [parents, again] = await Promise.all([job.parents(), job.parents()])
		return { parents, hasPrototype: 'toString' in parents, again: Object.keys(again) }
	}),
	task({ type: 'thread_throw', payload: z.object({ kind: z.string() }), isolation: 'thread' }, ({ kind }) => {
		if (kind === 'fatal') throw new FatalError('no use')
		if (kind === 'later') throw new RetryAfterError(3600, 'busy')
		throw new RangeError('plain')
	}),
	task({ type: 'thread_spin', payload: any, isolation: 'thread', timeoutSeconds: 1 }, () => {
		for (;;);
	}),
	task({ type: 'thread_hungry', payload: any, isolation: 'thread' }, () => {
		const kept: number[][] = []
		for (;;) kept.push(new Array(100_000).fill(Math.random()))
	}),
]
