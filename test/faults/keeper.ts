import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type History, readHistory } from './history.ts'
import { type Ledger, openLedger, readLedger } from './ledger.ts'
import { Running } from './processes.ts'

/** What an interrupted run leaves behind it takes with it. */
const living = new Set<Keeper>()
process.on('exit', () => {
	for (const keeper of living) keeper.end()
})

/** The process that keeps the ledger of a storm, and this process's way to it. */
export class Keeper {
	readonly socket: string
	readonly #dir: string
	readonly #file: string
	readonly #process: Running
	#own: Ledger | undefined

	constructor() {
		living.add(this)
		this.#dir = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-storm-')) // short: a socket's path may have 107 bytes
		this.socket = path.join(this.#dir, 'ledger')
		this.#file = path.join(this.#dir, 'ledger.jsonl')
		this.#process = new Running({ name: 'ledger', program: 'test/faults/ledger.ts', args: [this.socket, this.#file], readyLine: 'ready' })
	}

	async open(): Promise<void> {
		await this.#process.ready
		this.#own = await openLedger(this.socket)
	}

	get write(): Ledger['write'] {
		return this.#own!.write
	}

	/** All that was written; whoever did must have ended. */
	async readHistory(): Promise<History> {
		this.#own!.close()
		await this.#process.stop()
		return readHistory(readLedger(this.#file))
	}

	end(): void {
		living.delete(this)
		this.#own?.close()
		this.#process.child.kill('SIGKILL')
		fs.rmSync(this.#dir, { recursive: true, force: true })
	}
}
