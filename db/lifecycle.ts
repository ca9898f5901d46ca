/** How a process of taskq ends: asked once, it finishes what it has; asked twice, it ends at once. */

import fs from 'node:fs'
import { format } from 'node:util'
import { redactLine } from './redact-line.ts'

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
	keepGoing()
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

type Stray = 'uncaughtException' | 'unhandledRejection'
/** Says in words whose error it is; undefined when it is not known. */
type Owner = (error: unknown, kind: Stray) => string | undefined
const owners: Owner[] = []

/** Who is asked whose error that is, which nobody caught. */
export const onStray = (owner: Owner): void => void owners.push(owner)

/**
 * What one callback lets fly must not take the jobs and requests of all others down with it. Node warns of going on; here what matters is
 * in the database, which fences it, and a connection that was left in the middle of something falls silent and is given up.
 */
function keepGoing(): void {
	// whoever read what this process says can go: that is an error of nobody too, and telling it would be the next one, without end
	for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
	const tell = (kind: Stray, what: string) => (error: unknown) => {
		const whose = owners.map((owner) => owner(error, kind)).find((name) => name)
		console.error(redactLine(format(`${what} of ${whose ?? 'nobody that is known'}; this process goes on:`, error)))
	}
	process.on('uncaughtException', tell('uncaughtException', 'uncaught exception, in a callback that nobody awaits,'))
	process.on('unhandledRejection', tell('unhandledRejection', 'unhandled rejection, of a promise that nobody awaits,'))
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
