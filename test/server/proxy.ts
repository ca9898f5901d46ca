import { once } from 'node:events'
import net from 'node:net'

export interface Proxy {
	port: number
	/** A connection string that goes through the proxy. */
	url: string
	open: () => Promise<void>
	/** Refuses connections and ends those that there are. */
	close: () => Promise<void>
	/** Carries nothing any more on the connections that there are, and ends none of them: a cable that is pulled. New ones work. */
	cut: () => void
	/** How many connections were made through it. */
	count: () => number
}

/** A way to the test's PostgreSQL that can be shut; shut at first. */
export async function makeProxy(connectionString: string): Promise<Proxy> {
	const target = new URL(connectionString)
	const sockets = new Set<net.Socket>()
	const silent = new WeakSet<net.Socket>()
	const isCut = (socket: net.Socket) => silent.has(socket)
	const cut = () => {
		for (const socket of sockets) {
			silent.add(socket)
			socket.unpipe()
			socket.on('data', () => {}) // read and dropped, as by a network that loses it
		}
	}
	let made = 0
	const server = net.createServer((from) => {
		made++
		const to = net.connect(Number(target.port), target.hostname)
		for (const [socket, other] of [
			[from, to],
			[to, from],
		] as const) {
			sockets.add(socket)
			socket.pipe(other)
			socket.on('error', () => isCut(socket) || other.destroy()).on('close', () => sockets.delete(socket))
		}
	})
	const listen = (port: number) => once(server.listen(port, '127.0.0.1'), 'listening')
	await listen(0)
	const { port } = server.address() as net.AddressInfo
	const close = async () => {
		for (const socket of sockets) socket.destroy()
		server.close()
		await once(server, 'close')
	}
	await close()
	const url = Object.assign(new URL(connectionString), { hostname: '127.0.0.1', port: String(port) }).href
	return { port, url, open: async () => void (await listen(port)), close, cut, count: () => made }
}
