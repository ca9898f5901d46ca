/** A middle and how far its rounds lie apart. */
export interface Spread {
	median: number
	min: number
	max: number
}

export function median(values: number[]): number {
	const sorted = values.toSorted((a, b) => a - b)
	const half = sorted.length / 2
	return sorted.length % 2 === 1 ? sorted[Math.floor(half)]! : (sorted[half - 1]! + sorted[half]!) / 2
}

export const spread = (values: number[]): Spread => ({ median: median(values), min: Math.min(...values), max: Math.max(...values) })

/** The smallest value that this share of all does not exceed: `quantile(times, 0.99)`. */
export function quantile(values: number[], share: number): number {
	const sorted = values.toSorted((a, b) => a - b)
	return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!
}

/** Rounds are compared one by one: what slowed the machine down in a round slowed down both. */
export function ratios(values: number[], reference: number[]): number[] {
	return values.slice(0, reference.length).map((value, round) => value / reference[round]!)
}

/** Whose turn it is: each round begins with the next one. */
export const rotated = <Item>(items: Item[], round: number): Item[] => items.map((_, n) => items[(n + round) % items.length]!)
