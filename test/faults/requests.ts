/** What clients ask for: jobs that name themselves by a tag in their payload. */

export interface JobRequest {
	type: string
	payload: { tag: string; ms?: number; times?: number }
	[field: string]: unknown
}

/** Shares of the types of jobs among those that are submitted. */
export type Mix = Partial<Record<'quick' | 'slow' | 'effect' | 'flaky', number>>

export const MIX: Mix = { quick: 70, effect: 20, flaky: 10 }

const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)]!

function kindOf(mix: Mix): keyof Mix {
	const kinds = Object.entries(mix) as [keyof Mix, number][]
	let at = Math.random() * kinds.reduce((sum, [, share]) => sum + share, 0)
	for (const [kind, share] of kinds) {
		at -= share
		if (at < 0) return kind
	}
	return 'quick'
}

/** A job of the mix. Capacity binds: each takes some of its worker's cpu. */
export function makeJob(tag: string, mix: Mix): JobRequest {
	const common = { priority: pick([1, 3, 3, 5]), resource_requirements: { cpu_units: pick([0.5, 1]) } }
	switch (kindOf(mix)) {
		case 'effect':
			return { type: 'effect', payload: { tag }, ...common }
		case 'flaky':
			return { type: 'flaky', payload: { tag, times: pick([1, 2]) }, ...common }
		case 'slow':
			return { type: pick(['quick', 'effect']), payload: { tag, ms: 2_000 + Math.random() * 1_000 }, ...common }
		default:
			return { type: 'quick', payload: { tag, ms: pick([0, 5, 100, 500]) }, ...common }
	}
}

/** A diamond: one, two that wait for it, and one that waits for both. Tags are names in it. */
export function makeWorkflow(tags: string[], mix: Mix): { workflow: object; jobs: JobRequest[] } {
	const parents = [[], [0], [0], [1, 2]]
	const jobs = tags.map((tag, n) => ({
		...makeJob(tag, mix),
		name: String(n),
		depends_on: parents[n]!.map((parent) => ({ job: String(parent), condition: pick(['success', 'success', 'finished']) })),
	}))
	return { workflow: { name: 'diamond', idempotency_key: tags[0] }, jobs }
}
