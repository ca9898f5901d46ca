/** Who plays in a storm: each a process of its own. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { ClientOptions, ToClients } from './clients.ts'
import type { Start } from './processes.ts'

const CONCURRENCY = 12
/** Less than its handlers take at most: capacity binds. */
const CPU_UNITS = 10

export const serverOf =
	(url: string, port: number) =>
	(name: string): Start => ({
		...{ name, program: 'server/main.ts', readyLine: 'listening' },
		env: { DATABASE_URL: url, API_PORT: String(port) },
	})

export const workerOf =
	(url: string, ledger: string) =>
	(name: string): Start => ({
		...{ name, program: 'worker/main.ts', readyLine: 'the worker is ready' },
		env: {
			...{ DATABASE_URL: url, WORKER_NAME: name, TASKQ_TASKS: path.join(import.meta.dirname, 'tasks.ts'), FAULTS_LEDGER: ledger },
			...{ WORKER_CONCURRENCY: String(CONCURRENCY), MAX_CPU_UNITS: String(CPU_UNITS), MAX_MEMORY_MB: '256', WORKER_POOL_SIZE: '2' },
		},
	})

export interface Clients {
	/** Jobs a second from now on. */
	setRate: (rate: number) => void
	/** Nothing more is asked for; resolves when what was asked for is answered. Answers how the process ended. */
	stop: () => Promise<string>
	kill: () => void
}

export async function startClients(options: ClientOptions): Promise<Clients> {
	const child = fork(path.join(import.meta.dirname, 'clients.ts'), [JSON.stringify(options)])
	const send = (message: ToClients) => child.send(message)
	const ended = once(child, 'exit').then(([code, signal]): string => signal ?? `status ${code}`)
	await Promise.race([once(child, 'message'), ended.then((how) => Promise.reject(new Error(`the clients did not start: ${how}`)))])
	return {
		setRate: (rate) => void send({ rate }),
		stop() {
			if (child.connected) send('stop')
			return ended
		},
		kill: () => void child.kill('SIGKILL'),
	}
}
