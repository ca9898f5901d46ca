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

export function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = net.createServer().on('error', reject)
		server.listen(0, '127.0.0.1', () => {
			const { port } = server.address() as net.AddressInfo
			server.close(() => resolve(port))
		})
	})
}
