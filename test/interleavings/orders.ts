/** Asked at each turn of a run: of these sessions that can go on, which does? */
export type Choose = (able: number[]) => number

/** A point that some choices lead to. Where two sessions are woken at once, chance decides which of them can go on: so there may be several kinds. */
interface Point {
	kinds: Map<string, Map<number, Point>>
	isDone: boolean
}

const newPoint = (): Point => ({ kinds: new Map(), isDone: false })

/**
 * Runs once for every order that can be realized, and answers how many these were. Nothing is listed beforehand: each run goes to the
 * first point that has another choice, and takes that. So a session that waits for another is never sent on.
 */
export async function forEveryOrder(run: (choose: Choose) => Promise<void>): Promise<number> {
	const root = newPoint()
	let count = 0
	for (; !root.isDone; count++) {
		const path: [Point, choices: Map<number, Point>][] = []
		let point = root
		await run((able) => {
			const kind = String(able)
			const choices = point.kinds.get(kind) ?? new Map(able.map((session) => [session, newPoint()]))
			point.kinds.set(kind, choices)
			path.push([point, choices])
			const chosen = able.find((session) => !choices.get(session)!.isDone) ?? able[0]!
			point = choices.get(chosen)!
			return chosen
		})
		point.isDone = true
		for (const [before, choices] of path.reverse()) before.isDone = [...choices.values()].every(({ isDone }) => isDone)
	}
	return count
}
