/** What all WebSockets of a server have in common: peers that are gone are noticed, and those that are there are told goodbye. */
import type { WebSocket, WebSocketServer } from 'ws'

const PING_MS = 30_000
/** How long a client may take to say goodbye when the server stops. */
const GOODBYE_MS = 2_000

/** A peer that has not answered the last ping is gone. */
export function pingAll(sockets: WebSocketServer): NodeJS.Timeout {
	const waiting = new WeakSet<WebSocket>()
	return setInterval(() => {
		for (const ws of sockets.clients) {
			if (waiting.has(ws)) {
				ws.terminate()
				continue
			}
			waiting.add(ws)
			ws.once('pong', () => waiting.delete(ws))
			ws.ping()
		}
	}, PING_MS)
}

/** Closes them all with 1001, and waits until they are. */
export async function sayGoodbye(sockets: WebSocketServer): Promise<void> {
	const clients = [...sockets.clients]
	const gone = clients.map((ws) => new Promise((resolve) => ws.once('close', resolve)))
	for (const ws of clients) ws.close(1001, 'the server is stopping')
	const impatient = setTimeout(() => {
		for (const ws of clients) ws.terminate()
	}, GOODBYE_MS)
	await Promise.all(gone)
	clearTimeout(impatient)
}
