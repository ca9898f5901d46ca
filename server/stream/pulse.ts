const POLL_MS = 1_000
/** Whoever could not get a guard sends no hint (functions/0_base/hint.sql); its commit is there by then. */
const LOOK_AGAIN_MS = 30

/** Says when to look: each second, at a hint, and once more after it. One look at a time; asked for during one, another follows. */
export class Pulse {
	/** Answers whether there is more to see at once. Must not throw. */
	readonly #look: () => Promise<boolean>
	#poll: NodeJS.Timeout | undefined
	#again: NodeJS.Timeout | undefined
	#looking: Promise<void> | undefined
	#wanted = false
	#stopped = false

	constructor(look: () => Promise<boolean>) {
		this.#look = look
		this.#pollLater()
	}

	hint(): void {
		this.#want()
		this.#again ??= setTimeout(() => {
			this.#again = undefined
			this.#want()
		}, LOOK_AGAIN_MS)
	}

	/** Ends with the look that is under way. */
	async stop(): Promise<void> {
		this.#stopped = true
		for (const timer of [this.#poll, this.#again]) clearTimeout(timer)
		await this.#looking
	}

	#pollLater(): void {
		this.#poll = setTimeout(
			() => {
				this.#want()
				this.#pollLater()
			},
			POLL_MS * (0.75 + Math.random() / 2),
		)
	}

	#want(): void {
		this.#wanted = true
		this.#looking ??= this.#lookOn().finally(() => {
			this.#looking = undefined
		})
	}

	async #lookOn(): Promise<void> {
		while (this.#wanted && !this.#stopped) {
			this.#wanted = false
			if (await this.#look()) this.#wanted = true
		}
	}
}
