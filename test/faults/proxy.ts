/** A way to PostgreSQL that can be shut, slowed, and cut at a chosen message. */
import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../db/embedded-process.ts'
import { carry, isOver, type Pair } from './carry.ts'
import { Frames, isNotification, Statements } from './wire.ts'

/** Where a connection is cut whose client has just sent a statement. */
export type Cut = 'before it is passed on' | 'as it is passed on' | 'when its answer is there'

/** What happens to all connections from now on; each may be changed at any time. */
export interface Weather {
	/** Added on the way there and on the way back. */
	latencyMs: number
	/** Nothing goes through, and nobody is told. */
	halfOpen: boolean
	/** One byte at a time, both ways. */
	byteByByte: boolean
	/** Notifications are lost; all else goes through. */
	dropNotifications: boolean
	/** Asked for each statement that a client sends; when it answers, the connection is reset there. */
	cut: ((sql: string) => Cut | undefined) | undefined
}

export interface PgProxy extends Weather {
	port: number
	/** Where new connections go: another server after a failover. */
	targetPort: number
	/** A connection string that goes through the proxy. */
	url: string
	/** How many connections were made, notifications lost, and connections cut. */
	counts: { made: number; dropped: number; cut: number }
	open: () => Promise<void>
	/** Refuses connections and ends those that there are. */
	close: () => Promise<void>
	/** Ends all connections with RST. */
	reset: () => void
	/** The connections that there are become half-open for good; new ones are well. */
	freeze: () => void
}

const LISTEN_TRIES = 200

/** A way to this server; shut at first. */
export async function makeProxy(connectionString: string): Promise<PgProxy> {
	const target = new URL(connectionString)
	const pairs = new Set<Pair>()
	const server = net.createServer((client) => {
		proxy.counts.made++
		const pair = { client, server: net.connect(proxy.targetPort, target.hostname), frozen: false }
		pairs.add(pair)
		for (const socket of [pair.client, pair.server]) {
			socket.setNoDelay(true)
			socket.on('close', () => isOver(pair) && pairs.delete(pair))
		}
		join(proxy, pair)
	})
	/** A process that another test's thread is starting holds, until it is another program, what this one had open. */
	const listen = async (port: number) => {
		for (let tries = 0; ; tries++) {
			try {
				return await once(server.listen(port, '127.0.0.1'), 'listening')
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries === LISTEN_TRIES) throw error
				await sleep(50)
			}
		}
	}
	const port = await freePort()
	const close = async () => {
		if (!server.listening) return
		proxy.halfOpen = false
		for (const pair of pairs) for (const socket of [pair.client, pair.server]) socket.destroy()
		server.close()
		await once(server, 'close')
	}
	const proxy: PgProxy = {
		...{
			port,
			targetPort: Number(target.port),
			latencyMs: 0,
			halfOpen: false,
			byteByByte: false,
			dropNotifications: false,
			cut: undefined,
		},
		url: Object.assign(new URL(connectionString), { hostname: '127.0.0.1', port: String(port) }).href,
		counts: { made: 0, dropped: 0, cut: 0 },
		open: async () => void (await listen(port)),
		close,
		reset() {
			for (const pair of pairs) for (const socket of [pair.client, pair.server]) socket.resetAndDestroy()
		},
		freeze() {
			for (const pair of pairs) pair.frozen = true
		},
	}
	return proxy
}

/** The same, open, and shut at the end of the test. */
export async function openProxy(t: { teardown: (end: () => Promise<void>) => void }, connectionString: string): Promise<PgProxy> {
	const proxy = await makeProxy(connectionString)
	await proxy.open()
	t.teardown(() => proxy.close())
	return proxy
}

/** Carries what client and server say to each other. */
function join(proxy: PgProxy, pair: Pair): void {
	const { client, server } = pair
	const statements = new Statements()
	const answers = new Frames()
	let cutAtAnswer = false
	const reset = (): undefined => {
		proxy.counts.cut++
		for (const socket of [client, server]) socket.resetAndDestroy()
	}

	carry(proxy, pair, [client, server], (chunk) => {
		for (const sql of statements.read(chunk)) {
			const cut = proxy.cut?.(sql)
			if (cut === 'before it is passed on') return reset()
			if (cut === 'as it is passed on') return void server.write(chunk, reset)
			if (cut) cutAtAnswer = true
		}
		return chunk
	})
	carry(proxy, pair, [server, client], (chunk) => {
		if (cutAtAnswer) return reset()
		const isLost = (frame: Buffer) => proxy.dropNotifications && isNotification(frame) && ++proxy.counts.dropped > 0
		return Buffer.concat(answers.read(chunk).filter((frame) => !isLost(frame)))
	})
}
