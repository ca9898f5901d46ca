/** How a process of taskq ends: asked once, it finishes what it has; asked twice, it ends at once. */

import fs from 'node:fs'

/** npm does not pass SIGTERM on to what it started: a process that npm has left behind must notice by itself. */
const NPM_LOOK_MS = 250

/**
 * Calls `handler` once, at the first SIGTERM or SIGINT or when the npm that started this process is gone, and ends the process
 * when it is done: with 0, or with 1 if it throws. A second signal ends the process at once.
 */
export function onStop(handler: (signal: string) => Promise<void>): void {
	let stopping = false
	const stop = async (signal: string) => {
		if (stopping) process.exit(1)
		stopping = true
		try {
			await handler(signal)
			process.exit(0)
		} catch (error) {
			console.error(error)
			process.exit(1)
		}
	}
	// a promise that some task forgot must not take the others' jobs down with it
	process.on('unhandledRejection', (error) =>
		console.error('unhandled rejection, probably of a promise that a task does not await:', error),
	)
	for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal))

	if (!process.env.npm_lifecycle_event) return
	const before = lineage()
	const look = setInterval(() => {
		if (lineage() === before) return
		clearInterval(look)
		void stop('the end of npm')
	}, NPM_LOOK_MS)
	look.unref()
}

/** npm is our parent, or that of the shell that it started us with. */
function lineage(): string {
	const parent = process.ppid
	try {
		if (!/^(ba|da|z)?sh$/.test(fs.readFileSync(`/proc/${parent}/comm`, 'utf8').trim())) return String(parent)
		return `${parent} ${/^PPid:\s*(\d+)/m.exec(fs.readFileSync(`/proc/${parent}/status`, 'utf8'))![1]}`
	} catch {
		return String(parent) // not Linux, or gone this moment
	}
}
