/** How many rows a field of a document may have. */
import {
	type FieldNode,
	type GraphQLField,
	type GraphQLNamedType,
	getNamedType,
	getNullableType,
	isCompositeType,
	isListType,
	Kind,
} from 'postgraphile/graphql'
import { DEFAULT_PAGE, MAX_PAGE } from './pages.ts'

export type Variables = Record<string, unknown>

/** What a list holds that has no page size: reasons why a job waits, pools. */
const USUAL_LIST = 10
const PAGE_SIZES = new Set(['first', 'maxRows'])

/** Rows of a field whose parts have so many. The lists of a connection are counted with it, by the size of its page. */
export function rowsOf(
	field: GraphQLField<unknown, unknown> | undefined,
	node: FieldNode,
	parent: GraphQLNamedType | undefined | null,
	within: number,
	variables: Variables,
): number {
	const size = field?.args.find(({ name }) => PAGE_SIZES.has(name))
	if (size) return pageSize(node, size.name, variables) * (1 + within)
	if (!field || !isCompositeType(getNamedType(field.type)) || /(Connection|Edge|Payload)$/.test(parent?.name ?? '')) return within
	return isListType(getNullableType(field.type)) ? USUAL_LIST * (1 + within) : 1 + within
}

function pageSize(node: FieldNode, name: string, variables: Variables): number {
	const value = node.arguments?.find((argument) => argument.name.value === name)?.value
	const given = value?.kind === Kind.VARIABLE ? variables[value.name.value] : value?.kind === Kind.INT ? Number(value.value) : undefined
	return typeof given === 'number' ? Math.min(Math.max(given, 1), MAX_PAGE) : DEFAULT_PAGE
}
