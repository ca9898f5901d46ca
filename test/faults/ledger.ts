/** `node test/faults/ledger.ts SOCKET FILE`: appends the lines that others send, and so remembers what a killed process did. */
import fs from 'node:fs'
import net from 'node:net'
import { createInterface } from 'node:readline'
import type { LedgerEvent } from './events.ts'

export interface Ledger {
	/** The line is with the kernel when this returns, so it arrives whatever happens to this process next. */
	write: (event: LedgerEvent) => void
	close: () => void
}

/** A way to the ledger of this socket. Does not keep the process alive. */
export async function openLedger(socket: string): Promise<Ledger> {
	const connection = net.connect(socket)
	await new Promise((resolve, reject) => connection.once('connect', resolve).once('error', reject))
	connection.on('error', (error) => {
		console.error('the ledger is gone, nothing can be shown any more:', error)
		process.exit(70)
	})
	connection.unref()
	return {
		write: (event) => void connection.write(`${JSON.stringify(event)}\n`),
		close: () => void connection.end(),
	}
}

/** Every event of a ledger's file. */
export async function* readLedger(file: string): AsyncGenerator<LedgerEvent> {
	for await (const line of createInterface({ input: fs.createReadStream(file) })) yield JSON.parse(line)
}

/** Takes lines until it is told to stop, and then until the last writer has hung up. */
function keep(socket: string, file: string): void {
	const out = fs.openSync(file, 'a')
	const server = net.createServer((connection) => {
		let rest = ''
		connection.setEncoding('utf8').on('data', (chunk: string) => {
			const whole = chunk.lastIndexOf('\n') + 1
			if (whole > 0) fs.writeSync(out, rest + chunk.slice(0, whole))
			rest = whole > 0 ? chunk.slice(whole) : rest + chunk
		})
		connection.on('error', () => {}) // a killed writer; what it wrote is here
	})
	server.listen(socket, () => console.log('ready'))
	process.on('SIGTERM', () => server.close(() => process.exit(0)))
}

if (import.meta.main) keep(process.argv[2]!, process.argv[3]!)
