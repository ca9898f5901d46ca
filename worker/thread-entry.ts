/** What a worker thread runs: one `thread` task, with a job context that speaks to the worker through a port. */
import type { MessagePort } from 'node:worker_threads'
import { StopError, type StopReason } from './running-job.ts'
import { FatalError, type Job, type LogLevel, type ParentResult, RetryAfterError, type Task } from './task.ts'

export interface ThreadJob {
	tasksModule: string
	payload: unknown
	port: MessagePort
	job: Pick<Job, 'id' | 'type' | 'attempt' | 'maxAttempts'>
}

export type ThreadMessage = { log: LogLevel; message: string; data?: unknown } | { percent: number; data?: unknown } | { parents: true }

/** How the handler ended. An error loses its class on the way between threads, so what matters of it is spelled out. */
export type ThreadAnswer =
	| { result: unknown }
	| { error: { name: string; message: string; stack?: string }; fatal: boolean; retryAfterSeconds?: number }

export default async function run({ tasksModule, payload, port, job }: ThreadJob): Promise<ThreadAnswer> {
	const { tasks } = (await import(tasksModule)) as { tasks: Task[] }
	const task = tasks.find(({ type }) => type === job.type)
	if (!task) throw new Error(`${tasksModule} exports no task of type ${job.type}`)
	const controller = new AbortController()
	let parentsAsked: { resolve: (parents: ParentResult[]) => void; reject: (error: Error) => void } | undefined
	port.on('message', (message: { stop?: StopReason; parents?: ParentResult[]; parentsError?: string }) => {
		if (message.stop) controller.abort(new StopError(message.stop))
		if (message.parents) parentsAsked?.resolve(message.parents)
		if (message.parentsError) parentsAsked?.reject(new Error(message.parentsError))
	})

	const send = (message: ThreadMessage) => port.postMessage(message)
	const write = (log: LogLevel) => (message: string, data?: unknown) => send({ log, message: String(message), data })
	const context: Job = {
		...job,
		signal: controller.signal,
		log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
		progress: (percent, data) => send({ percent, data }),
		parents: () =>
			new Promise((resolve, reject) => {
				parentsAsked = { resolve, reject }
				send({ parents: true })
			}),
		complete: () => Promise.reject(new Error('job.complete() needs a task with `inline` isolation')),
	}
	try {
		return { result: await task.handler(payload, context) }
	} catch (thrown) {
		const { name, message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown))
		return {
			error: { name, message, stack },
			fatal: thrown instanceof FatalError,
			retryAfterSeconds: thrown instanceof RetryAfterError ? thrown.seconds : undefined,
		}
	} finally {
		port.close()
	}
}
