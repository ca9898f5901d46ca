export const LEVELS = ['critical', 'high', 'normal', 'low'] as const

/** `critical` to `low` for 1 to 4, else the number. */
export const priorityName = (priority: number): (typeof LEVELS)[number] | number => LEVELS[priority - 1] ?? priority

/** The number of a level or of a numeral from 1 to 10; undefined for anything else. */
export function priorityNumber(text: string): number | undefined {
	const level = (LEVELS as readonly string[]).indexOf(text.toLowerCase())
	if (level >= 0) return level + 1
	return /^([1-9]|10)$/.test(text) ? Number(text) : undefined
}
