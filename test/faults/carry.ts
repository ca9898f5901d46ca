import type net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Weather } from './proxy.ts'

/** One connection: the client's side and the server's. */
export interface Pair {
	client: net.Socket
	server: net.Socket
	frozen: boolean
}

/** How soon a connection notices that it is no longer half-open. */
const LOOK_MS = 20

export const isOver = ({ client, server }: Pair): boolean => client.destroyed && server.destroyed

/** One direction: each chunk after the one before it, whatever the weather. */
export function carry(proxy: Weather, pair: Pair, [from, to]: [net.Socket, net.Socket], pass: (chunk: Buffer) => Buffer | undefined): void {
	let turn = Promise.resolve()
	const well = async () => {
		while ((proxy.halfOpen || pair.frozen) && !isOver(pair)) await sleep(LOOK_MS)
	}
	from.on('data', (chunk) => {
		const due = performance.now() + proxy.latencyMs
		turn = turn.then(async () => {
			if (due > performance.now()) await sleep(due - performance.now())
			await well()
			const rest = pass(chunk)
			if (!rest || to.destroyed) return
			if (!proxy.byteByByte) return void to.write(rest)
			for (const byte of rest) if (!to.destroyed) await new Promise<void>((done) => to.write(Buffer.of(byte), () => done()))
		})
	})
	from.on('error', () => {}) // its end is told below
	from.on('close', async () => {
		await turn
		await well()
		to.end()
	})
}
