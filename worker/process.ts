import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { RunningJob } from './running-job.ts'
import { FatalError } from './task.ts'

/** A result is a row in the database; a command that prints more than this has not understood that. */
const MAX_OUTPUT_BYTES = 1 << 20
/** Between SIGTERM and SIGKILL. */
const KILL_AFTER_MS = 3_000

/**
 * Runs a `process` task: the payload as JSON on stdin, its parents as JSON (`job.parents()`) on file descriptor 3, the result
 * as JSON on stdout, lines on stderr into the job's log. Exit status 0 completes it, 65 (EX_DATAERR) fails it for good,
 * anything else fails the attempt, as does a database that does not tell the parents. No shell is involved.
 */
export async function runProcess(job: RunningJob, payload: unknown): Promise<unknown> {
	const parents = await job.parents()
	job.signal.throwIfAborted() // it was asked to stop meanwhile
	return runCommand(job, JSON.stringify(payload), JSON.stringify(parents))
}

function runCommand(job: RunningJob, payload: string, parents: string): Promise<unknown> {
	return new Promise((resolve, reject) => {
		const program = job.task.command![0]
		const child = spawnCommand(job)
		child.on('error', reject)
		if (child.pid === undefined) return // there may be no streams either
		const [stdin, stdout, stderr, descriptor3] = child.stdio as unknown as [Writable, Readable, Readable, Writable]
		const kill = (signal: NodeJS.Signals) => {
			try {
				process.kill(-child.pid!, signal)
			} catch {} // it has ended by itself
		}
		let killTimer: NodeJS.Timeout | undefined
		job.signal.addEventListener('abort', () => {
			kill('SIGTERM')
			killTimer = setTimeout(() => kill('SIGKILL'), KILL_AFTER_MS)
		})

		give(stdin, payload)
		give(descriptor3, parents)
		// as Node does with stdin: something that the command left behind may hold it open for ever
		child.on('exit', () => descriptor3.destroy())
		const chunks: Buffer[] = []
		let size = 0
		stdout.on('data', (chunk: Buffer) => {
			size += chunk.length
			if (size <= MAX_OUTPUT_BYTES) chunks.push(chunk)
			else kill('SIGKILL')
		})
		createInterface({ input: stderr }).on('line', (line) => job.log.info(line))
		child.on('close', (code, signal) => {
			clearTimeout(killTimer)
			if (size > MAX_OUTPUT_BYTES) reject(new FatalError(`${program} printed more than ${MAX_OUTPUT_BYTES} bytes`))
			else if (code === 0) resolve(parse(Buffer.concat(chunks).toString()))
			else reject(new (code === 65 ? FatalError : Error)(`${program} ended with ${signal ?? `status ${code}`}`))
		})
	})
}

function spawnCommand(job: RunningJob) {
	const [program, ...args] = job.task.command!
	// a group of its own, so that what the command started is killed with it
	return spawn(program, args, {
		stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
		detached: true,
		env: {
			PATH: process.env.PATH,
			HOME: process.env.HOME,
			LANG: process.env.LANG,
			TASKQ_JOB_ID: job.id,
			TASKQ_ATTEMPT: String(job.attempt),
		},
	})
}

/** A command need not read what it is given. */
function give(stream: Writable, text: string): void {
	stream.on('error', () => {})
	stream.end(text)
}

/** Commands in other languages may print plain text. */
function parse(output: string): unknown {
	const text = output.trim()
	if (text === '') return null
	try {
		return JSON.parse(text)
	} catch {
		return text
	}
}
