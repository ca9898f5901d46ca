import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'

/** What the server that has this data directory says of itself. */
export function readPostmaster(dir: string): { pid: number; port: number; ready: boolean } | undefined {
	const file = path.join(dir, 'postmaster.pid')
	if (!fs.existsSync(file)) return undefined
	const lines = fs.readFileSync(file, 'utf8').split('\n')
	return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
}

/** A zombie has ended. */
export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0)
	} catch {
		return false
	}
	const status = `/proc/${pid}/status` // a zombie answers signals
	return !fs.existsSync(status) || !/^State:\s+Z/m.test(fs.readFileSync(status, 'utf8'))
}

/** Below those that systems give to outgoing connections: one of those may be taken before it is used, or while a server restarts. */
const [FIRST_PORT, LAST_PORT] = [20_000, 32_767]
const TRIES = 1_000

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
	for (let tries = 0; tries < TRIES; tries++) {
		const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1))
		if (await isFree(port)) return port
	}
	throw new Error(`none of ${TRIES} ports from ${FIRST_PORT} to ${LAST_PORT} is free: say which to use with TASKQ_PG_PORT`)
}

const isFree = (port: number): Promise<boolean> =>
	new Promise((resolve) => {
		const server = net.createServer().on('error', () => resolve(false))
		server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
	})
