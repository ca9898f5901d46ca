import type { FieldArgs, Step } from 'postgraphile/grafast'

/** Arguments of which one is read from elsewhere, as if it had been given so: what it says is no longer of the type that it has in the schema. */
export const withRaw = (args: FieldArgs, name: string, $value: Step, type?: ReturnType<FieldArgs['typeAt']>): FieldArgs =>
	new Proxy(args, {
		get(target, key: keyof FieldArgs) {
			const value: unknown = target[key]
			if (typeof value !== 'function') return value
			if (key === 'getRaw') return (path: string[]) => (path.at(-1) === name ? $value : target.getRaw(path))
			if (key === 'typeAt' && type) return (path: string[]) => (path.at(-1) === name ? type : target.typeAt(path))
			return value.bind(target)
		},
	})
