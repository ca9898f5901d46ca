import type { Outcome } from '../db/calls.ts'

const MAX_NAME = 200
const MAX_TEXT = 10_000

/** What a handler threw, as texts. Anything can be thrown, and its parts may throw when they are looked at. */
export function describeError(thrown: unknown): NonNullable<Outcome['error']> {
	return attempt(() => {
		if (!(thrown instanceof Error)) return { name: 'Error', message: textOf(thrown).slice(0, MAX_TEXT) }
		const [name, message, stack] = [thrown.name, thrown.message, thrown.stack].map((part) => attempt(() => textOf(part), 'unreadable'))
		return { name: name!.slice(0, MAX_NAME) || 'Error', message: message!.slice(0, MAX_TEXT), stack: stack!.slice(0, MAX_TEXT) }
	}, UNREADABLE)
}

const UNREADABLE = { name: 'Error', message: 'what was thrown cannot be put into words' }

/** `instanceof` for what may not even bear that question. */
export function isA<T>(thrown: unknown, type: abstract new (...args: never[]) => T): thrown is T {
	return attempt(() => thrown instanceof type, false)
}

function textOf(value: unknown): string {
	if (typeof value === 'string') return value
	return attempt(() => JSON.stringify(value), undefined) ?? String(value)
}

function attempt<T>(look: () => T, otherwise: T): T {
	try {
		return look()
	} catch {
		return otherwise
	}
}
