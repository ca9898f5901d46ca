/** What a worker thread runs: one `thread` task, with a job context that speaks to the worker through a port. */
import type { MessagePort } from 'node:worker_threads'
import type { Job, LogLevel, ParentResult, Parents } from './job.ts'
import { byName } from './parents.ts'
import { StopError, type StopReason } from './running-job.ts'
import { FatalError, RetryAfterError, type Task } from './task.ts'

export interface ThreadJob {
	tasksModule: string
	payload: unknown
	port: MessagePort
	job: Pick<Job, 'id' | 'type' | 'attempt' | 'maxAttempts'>
}

export type ThreadMessage = { log: LogLevel; message: string; data?: unknown } | { percent: number; data?: unknown } | { parents: true }

/** What the worker says to the thread. Parents come as a list: a record would lose its missing prototype on the way. */
export type WorkerMessage = { stop: StopReason } | { parents: ParentResult[] } | { parentsError: string }

/** How the handler ended. An error loses its class on the way between threads, so what matters of it is spelled out. */
export type ThreadAnswer =
	| { result: unknown }
	| { error: { name: string; message: string; stack?: string }; fatal: boolean; retryAfterSeconds?: number }

export default async function run({ tasksModule, payload, port, job }: ThreadJob): Promise<ThreadAnswer> {
	const { tasks } = (await import(tasksModule)) as { tasks: Task[] }
	const task = tasks.find(({ type }) => type === job.type)
	if (!task) throw new Error(`${tasksModule} exports no task of type ${job.type}`)
	const controller = new AbortController()
	const asked: PromiseWithResolvers<Parents>[] = []
	port.on('message', (message: WorkerMessage) => {
		if ('stop' in message) controller.abort(new StopError(message.stop))
		else if ('parents' in message) asked.shift()?.resolve(byName(message.parents))
		else asked.shift()?.reject(new Error(message.parentsError))
	})

	const send = (message: ThreadMessage) => port.postMessage(message)
	const write = (log: LogLevel) => (message: string, data?: unknown) => send({ log, message: String(message), data })
	const context: Job = {
		...job,
		signal: controller.signal,
		log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
		progress: (percent, data) => send({ percent, data }),
		parents: () => {
			const answer = Promise.withResolvers<Parents>()
			asked.push(answer)
			send({ parents: true })
			return answer.promise
		},
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
