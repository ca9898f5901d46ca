/** No page is unbounded: whoever asks for none in particular gets 50 rows, and nobody gets more than 200. */
import { GraphQLError, GraphQLNonNull, GraphQLScalarType, Kind } from 'postgraphile/graphql'

const DEFAULT = 50
const MAX = 200

function pageSize(value: unknown): number {
	if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX) return value as number
	throw new GraphQLError(`A page has 1 to ${MAX} rows, not ${value}.`, { extensions: { code: 'invalid_request' } })
}

const PageSize = new GraphQLScalarType<number, number>({
	name: 'PageSize',
	description: `How many rows to answer: 1 to ${MAX}.`,
	serialize: pageSize,
	parseValue: pageSize,
	parseLiteral: (node) => pageSize(node.kind === Kind.INT ? Number(node.value) : node.kind),
})

/** Going backwards or by offset reads what it does not answer. */
const droppedOfConnections = ['last', 'before', 'offset']
/** Lists that functions answer are bounded by the functions' own arguments. */
const droppedOfFunctions = ['first', 'last', 'offset']

export const Pages: GraphileConfig.Plugin = {
	name: 'TaskqPages',
	after: ['PgFirstLastBeforeAfterArgsPlugin'],
	schema: {
		hooks: {
			GraphQLObjectType_fields_field_args(args, _build, { scope }) {
				const isConnection = scope.isPgFieldConnection
				if (!isConnection && !scope.isPgFieldSimpleCollection) return args
				const dropped = isConnection ? droppedOfConnections : droppedOfFunctions
				const kept = Object.entries(args).filter(([name]) => !dropped.includes(name))
				return Object.fromEntries(
					kept.map(([name, arg]) => [
						name,
						name === 'first' || name === 'maxRows' ? { ...arg, type: new GraphQLNonNull(PageSize), defaultValue: DEFAULT } : arg,
					]),
				)
			},
		},
	},
}
