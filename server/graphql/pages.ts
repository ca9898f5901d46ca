/** No page is unbounded: whoever asks for none in particular gets 50 rows, and nobody gets more than 200. */
import { GraphQLError, GraphQLNonNull, type GraphQLScalarType, Kind, type ValueNode } from 'postgraphile/graphql'

export const DEFAULT_PAGE = 50
export const MAX_PAGE = 200

function pageSize(value: unknown): number {
	if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_PAGE) return value as number
	throw new GraphQLError(`A page has 1 to ${MAX_PAGE} rows, not ${String(value).slice(0, 50)}.`, {
		extensions: { code: 'invalid_request', hint: 'Ask for a smaller page, and for the next one with its endCursor.' },
	})
}

const PageSize = {
	description: `How many rows to answer: 1 to ${MAX_PAGE}.`,
	serialize: pageSize,
	parseValue: pageSize,
	parseLiteral: (node: ValueNode) => pageSize(node.kind === Kind.INT ? Number(node.value) : node.kind),
}

/** Going backwards or by offset reads what it does not answer. */
const droppedOfConnections = ['last', 'before', 'offset']
/** Lists that functions answer are bounded by the functions' own arguments. */
const droppedOfFunctions = ['first', 'last', 'offset']

export const Pages: GraphileConfig.Plugin = {
	name: 'TaskqPages',
	after: ['PgFirstLastBeforeAfterArgsPlugin'],
	schema: {
		hooks: {
			init(_, build) {
				build.registerScalarType('PageSize', {}, () => PageSize, 'the size of a page')
				return _
			},
			GraphQLObjectType_fields_field_args(args, build, { scope }) {
				const isConnection = scope.isPgFieldConnection
				if (!isConnection && !scope.isPgFieldSimpleCollection) return args
				const dropped = isConnection ? droppedOfConnections : droppedOfFunctions
				const kept = Object.entries(args).filter(([name]) => !dropped.includes(name))
				return Object.fromEntries(
					kept.map(([name, arg]) => [
						name,
						name === 'first' || name === 'maxRows'
							? { ...arg, type: new GraphQLNonNull(build.getTypeByName('PageSize') as GraphQLScalarType), defaultValue: DEFAULT_PAGE }
							: arg,
					]),
				)
			},
		},
	},
}
