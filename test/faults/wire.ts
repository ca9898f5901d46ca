/** As much of PostgreSQL's protocol as a proxy must understand to know what it carries. Without TLS: a client must not ask for it. */

/** Cuts a stream of messages (a type byte, a length, a body) into whole ones. */
export class Frames {
	#rest: Buffer = Buffer.alloc(0)

	/** The messages that are complete with this chunk, in order. */
	read(chunk: Buffer): Buffer[] {
		this.#rest = this.#rest.length ? Buffer.concat([this.#rest, chunk]) : chunk
		const frames: Buffer[] = []
		for (let length = this.#length(); length !== undefined && this.#rest.length >= length; length = this.#length()) {
			frames.push(this.#rest.subarray(0, length))
			this.#rest = this.#rest.subarray(length)
		}
		return frames
	}

	#length(): number | undefined {
		return this.#rest.length < 5 ? undefined : 1 + this.#rest.readInt32BE(1)
	}
}

export const isNotification = (frame: Buffer): boolean => frame[0] === 65 // 'A'

const textAt = (body: Buffer, from: number): string => body.toString('utf8', from, body.indexOf(0, from))

/** What a client asks for: each statement once it is sent whole, which is at its Sync where it is no simple one. */
export class Statements {
	readonly #frames = new Frames()
	readonly #named = new Map<string, string>()
	#started = false
	#bound = ''
	#executed: string | undefined

	read(chunk: Buffer): string[] {
		let rest = chunk
		if (!this.#started) {
			this.#started = true // the first message has no type; a client sends nothing after it until it is answered
			rest = chunk.subarray(chunk.readInt32BE(0))
		}
		return this.#frames.read(rest).flatMap((frame) => this.#statement(frame) ?? [])
	}

	#statement(frame: Buffer): string | undefined {
		const body = frame.subarray(5)
		const type = String.fromCharCode(frame[0]!)
		if (type === 'Q') return textAt(body, 0)
		if (type === 'E') this.#executed = this.#bound
		if (type === 'S') {
			const executed = this.#executed
			this.#executed = undefined
			return executed
		}
		if (type === 'P') {
			const name = textAt(body, 0)
			this.#named.set(name, textAt(body, Buffer.byteLength(name) + 1))
		}
		if (type === 'B') this.#bound = this.#named.get(textAt(body, Buffer.byteLength(textAt(body, 0)) + 1)) ?? ''
		return undefined
	}
}
