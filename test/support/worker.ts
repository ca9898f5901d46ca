import { type ChildProcess, spawn } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import type { ExecutionContext } from 'ava'
import { z } from 'zod'
import type { WorkerOptions } from '../../worker/options.ts'
import { type Handler, type Task, type TaskOptions, task } from '../../worker/task.ts'
import { Worker } from '../../worker/worker.ts'
import type { Db } from './db.ts'
import { until } from './patience.ts'

/** A task that takes any object, for one test. */
export const anyTask = (type: string, handler: Handler<any>, options: Partial<TaskOptions<z.ZodType>> = {}): Task =>
	task({ type, payload: z.looseObject({}), ...options }, handler)

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** A worker in this process, stopped at the end of the test. */
export async function startWorker(t: ExecutionContext, db: Db, tasks: Task[], options: Partial<WorkerOptions> = {}): Promise<Worker> {
	const worker = new Worker({
		...{ connectionString: db.url, tasks, tasksModule: pathToFileURL(fixtureTasks).href, log: silent, concurrency: 4 },
		...{ cpuUnits: 4, memoryMb: 4096, threads: 2, shutdownGraceSeconds: 1 },
		...options,
	})
	await worker.start()
	let stopped: Promise<void> | undefined
	const stop = worker.stop.bind(worker)
	worker.stop = () => {
		stopped ??= stop()
		return stopped
	}
	t.teardown(() => worker.stop())
	return worker
}

/** Tasks for workers that run as processes of their own. */
export const fixtureTasks = new URL('../worker/fixture-tasks.ts', import.meta.url).pathname

/** `npm run worker` as a process of its own, ended at the end of the test. */
export function spawnWorker(t: ExecutionContext, db: Db, env: Record<string, string> = {}): ChildProcess & { output: () => string } {
	const child = spawn(process.execPath, ['worker/main.ts'], {
		env: { ...process.env, DATABASE_URL: db.url, TASKQ_TASKS: fixtureTasks, LOG_LEVEL: 'info', ...env, npm_lifecycle_event: undefined },
		stdio: ['ignore', 'pipe', 'pipe'],
	})
	let output = ''
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
	t.teardown(() => child.kill('SIGKILL'))
	return Object.assign(child, { output: () => output })
}

/** The job's row of `taskq.jobs` once it has this status. */
export const whenStatus = (db: Db, jobId: string, status: string): Promise<Record<string, any>> =>
	until(() => db.row<Record<string, any> | undefined>('select * from taskq.jobs where job_id = $1 and status = $2', [jobId, status]))
