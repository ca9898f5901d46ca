import type { Answer, Fault, Invoke, LedgerEvent, Step } from './events.ts'

/** The ledger, in order. */
export interface History {
	calls: { invoke: Invoke; answer: Answer | undefined }[]
	/** For each tag how often it was asked for, and how often that was refused. */
	tags: Map<string, { asked: number; refused: number }>
	/** Starts of handlers by job. */
	starts: Map<string, Step[]>
	/** Handlers that came to their end, by job. */
	ends: Map<string, Step[]>
	/** Jobs that completed themselves, and know it. */
	committed: Set<string>
	/** Handlers whose signal aborted. */
	aborted: Step[]
	/** Jobs of whose end the stream has told. */
	told: Set<string>
	/** What the nemesis did. */
	faults: Fault[]
	/** Processes that were stopped for a while, and so may be late with anything. */
	stopped: Set<string>
	/** Whether something was done to this process that may cost it its claims. */
	harmed: (worker: string) => boolean
}

export function groupBy<T>(values: Iterable<T>, keyOf: (value: T) => string): Map<string, T[]> {
	const groups = new Map<string, T[]>()
	for (const value of values) {
		const group = groups.get(keyOf(value))
		if (group) group.push(value)
		else groups.set(keyOf(value), [value])
	}
	return groups
}

export async function readHistory(events: AsyncIterable<LedgerEvent> | Iterable<LedgerEvent>): Promise<History> {
	const calls = new Map<string, History['calls'][number]>()
	const steps: Step[] = []
	const faults: Fault[] = []
	const told = new Set<string>()
	for await (const event of events) {
		if (event.is === 'invoke') calls.set(event.op, { invoke: event, answer: undefined })
		else if ('op' in event) calls.get(event.op)!.answer = event
		else if (event.is === 'fault') faults.push(event)
		else if (event.is === 'told') told.add(event.job)
		else steps.push(event)
	}
	const names = new Set(faults.flatMap(({ workers }) => workers))
	const of = (is: Step['is']) => steps.filter((step) => step.is === is)
	return {
		calls: [...calls.values()],
		tags: countTags(calls.values()),
		starts: groupBy(of('start'), ({ job }) => job),
		ends: groupBy(of('end'), ({ job }) => job),
		committed: new Set(of('committed').map(({ job }) => job)),
		aborted: of('stopped'),
		...{ told, faults },
		stopped: new Set(faults.filter(({ fault }) => fault === 'stop').flatMap(({ workers }) => workers)),
		harmed: (worker) => names.has('*') || names.has(worker),
	}
}

function countTags(calls: Iterable<History['calls'][number]>): History['tags'] {
	const tags: History['tags'] = new Map()
	for (const { invoke, answer } of calls)
		for (const tag of invoke.tags) {
			const { asked, refused } = tags.get(tag) ?? { asked: 0, refused: 0 }
			tags.set(tag, { asked: asked + 1, refused: refused + Number(answer?.is === 'failed') })
		}
	return tags
}
