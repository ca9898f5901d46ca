import { isDataError } from './problem.ts'

export interface GatherOptions<Item, Answer> {
	/** Answers a list of items, one answer each, in their order. */
	send: (items: Item[]) => Promise<Answer[]>
	sizeOf: (item: Item) => number
	maxItems: number
	/** Sizes of a batch's items together; a single item may be larger. */
	maxSize: number
}

/** A call that waits for another's transaction must not hold up those that have nothing to do with it. */
const PATIENCE_MS = 100
const MAX_CALLS = 4

interface Waiting<Item, Answer> {
	item: Item
	resolve: (answer: Answer) => void
	reject: (error: unknown) => void
}

/**
 * Gathers items that arrive while a call is under way into the next one: the first goes at once, a flood goes in batches, and
 * nobody waits for a timer. A batch that fails because of one member is halved until only that member is answered with it.
 */
export function makeGather<Item, Answer>({ send, sizeOf, maxItems, maxSize }: GatherOptions<Item, Answer>) {
	const waiting: Waiting<Item, Answer>[] = []
	let sending = 0
	let allowed = 1

	function takeBatch(): Waiting<Item, Answer>[] {
		let count = 0
		let size = 0
		while (count < waiting.length && count < maxItems) {
			size += sizeOf(waiting[count]!.item)
			if (count > 0 && size > maxSize) break
			count++
		}
		return waiting.splice(0, count)
	}

	async function sendBatch(batch: Waiting<Item, Answer>[]): Promise<void> {
		try {
			const answers = await send(batch.map(({ item }) => item))
			for (const [i, { resolve }] of batch.entries()) resolve(answers[i]!)
		} catch (error) {
			if (batch.length === 1 || !isDataError(error)) {
				for (const { reject } of batch) reject(error)
				return
			}
			const half = Math.ceil(batch.length / 2)
			await sendBatch(batch.slice(0, half))
			await sendBatch(batch.slice(half))
		}
	}

	/** Sends one batch; while that takes long, another may go beside it. */
	async function sendPatiently(batch: Waiting<Item, Answer>[]): Promise<void> {
		let more = 0
		const patience = setInterval(() => {
			if (more || allowed === MAX_CALLS) return
			more = 1
			allowed++
			void run()
		}, PATIENCE_MS)
		await sendBatch(batch)
		clearInterval(patience)
		allowed -= more
	}

	async function run(): Promise<void> {
		if (sending >= allowed) return
		sending++
		while (waiting.length && sending <= allowed) await sendPatiently(takeBatch())
		sending--
	}

	return (item: Item): Promise<Answer> =>
		new Promise((resolve, reject) => {
			waiting.push({ item, resolve, reject })
			void run()
		})
}
