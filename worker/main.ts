/** `npm run worker`: one worker process for the database that DATABASE_URL names. */
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { pino } from 'pino'
import { onStop } from '../db/lifecycle.ts'
import { logOptions } from '../db/log.ts'
import { type Settings, settingsOrExit } from '../db/settings.ts'
import type { Logger } from './options.ts'
import { catchStrays } from './strays.ts'
import type { Task } from './task.ts'
import { Worker } from './worker.ts'

export interface StartWorkerOptions {
	settings: Settings
	connectionString: string
	log: Logger
}

export interface RunningWorker {
	/** Resolves when it has registered its types and takes jobs. */
	started: Promise<void>
	/** Lets what runs finish within the grace. */
	stop: () => Promise<void>
}

/** Starts a worker with the tasks of TASKQ_TASKS, as soon as the database lets it. */
export async function startWorker({ settings, connectionString, log }: StartWorkerOptions): Promise<RunningWorker> {
	const tasksModule = settings.TASKQ_TASKS
		? pathToFileURL(path.resolve(settings.TASKQ_TASKS)).href
		: new URL('./tasks/index.ts', import.meta.url).href
	catchStrays()
	const { tasks } = (await import(tasksModule)) as { tasks: Task[] }
	const worker = new Worker({
		connectionString,
		directConnectionString: settings.DATABASE_DIRECT_URL,
		tasks,
		tasksModule,
		log,
		name: settings.WORKER_NAME,
		concurrency: settings.WORKER_CONCURRENCY,
		cpuUnits: settings.MAX_CPU_UNITS,
		memoryMb: settings.MAX_MEMORY_MB,
		resources: settings.MAX_RESOURCES,
		threads: settings.WORKER_POOL_SIZE,
		queues: settings.WORKER_QUEUES,
		shutdownGraceSeconds: settings.SHUTDOWN_GRACE_SECONDS,
	})

	let stopping = false
	const started = (async () => {
		for (let failures = 0; !stopping; failures++) {
			try {
				return await worker.start()
			} catch (err) {
				log.warn({ err }, 'cannot start yet; trying again')
				await sleep(Math.min(100 * 2 ** failures, 5_000))
			}
		}
	})()
	return {
		started,
		async stop() {
			stopping = true
			await started
			await worker.stop()
		},
	}
}

if (import.meta.main) {
	const settings = settingsOrExit()
	if (!settings.DATABASE_URL) {
		console.error(
			'DATABASE_URL is not set: `npm run worker` works for the database that it names. `npm start` brings up everything by itself.',
		)
		process.exit(2)
	}
	const log = pino({ ...logOptions(settings.LOG_LEVEL), name: 'taskq-worker' })
	const worker = await startWorker({ settings, connectionString: settings.DATABASE_URL, log })
	onStop(async () => {
		log.info({}, 'stopping: finishing what runs')
		await worker.stop()
	})
}
