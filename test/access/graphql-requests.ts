type TypeRef = { kind: string; name: string | null; ofType: TypeRef | null }
interface Field {
	name: string
	type: TypeRef
	args: { name: string; type: TypeRef }[]
}
export interface Type {
	name: string
	kind: string
	fields: Field[] | null
	inputFields: { name: string; type: TypeRef }[] | null
	enumValues: { name: string }[] | null
}

const REF = 'kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } }'
export const INTROSPECTION = `{ __schema { queryType { name } mutationType { name } types { name kind
	fields { name type { ${REF} } args { name type { ${REF} } } } inputFields { name type { ${REF} } } enumValues { name } } } }`
const bare = (type: TypeRef): TypeRef => (type.ofType ? bare(type.ofType) : type)

/** Requests for root fields, with whatever arguments they insist on, and something of what they answer. */
export function makeRequests(types: Map<string, Type>) {
	const sample = (type: TypeRef): string => {
		if (type.kind === 'NON_NULL') return sample(type.ofType!)
		if (type.kind === 'LIST') return '[]'
		const named = types.get(type.name!)!
		if (named.kind === 'ENUM') return named.enumValues![0]!.name
		if (named.kind === 'INPUT_OBJECT') {
			const needed = named.inputFields!.filter((field) => field.type.kind === 'NON_NULL')
			return `{${needed.map((field) => `${field.name}: ${sample(field.type)}`).join(', ')}}`
		}
		const samples: Record<string, string> = {
			UUID: '"00000000-0000-7000-8000-000000000000"',
			Int: '1',
			PageSize: '1',
			Float: '1',
			Boolean: 'true',
			JSON: '"[]"',
		}
		return samples[type.name!] ?? '"1"'
	}
	const select = (type: TypeRef): string => {
		const { kind, fields } = types.get(bare(type).name!)!
		if (kind !== 'OBJECT') return ''
		const nodes = fields!.find(({ name }) => name === 'nodes')
		if (nodes) return `{ nodes ${select(nodes.type)} }`
		return `{ ${fields!.find(({ type, args }) => args.length === 0 && ['SCALAR', 'ENUM'].includes(bare(type).kind))!.name} }`
	}
	return (operation: string, { name, args, type }: Field): string => {
		const needed = args.filter((arg) => arg.type.kind === 'NON_NULL' || arg.name === 'first')
		const given = needed.length ? `(${needed.map((arg) => `${arg.name}: ${sample(arg.type)}`).join(', ')})` : ''
		return `${operation} { ${name}${given} ${select(type)} }`
	}
}
