/** What one request may ask for. Counted before validation, whose own cost grows with what fragments expand to. */
import { SafeError } from 'postgraphile/grafast'
import {
	type DocumentNode,
	type FragmentDefinitionNode,
	GraphQLError,
	Kind,
	Lexer,
	parse,
	type SelectionSetNode,
	Source,
	TokenKind,
} from 'postgraphile/graphql'

/** Fields, with fragments written out. The introspection that GraphiQL sends has about 200. */
const MAX_FIELDS = 1_000
/** Fields of the operation itself; each may be a statement, and a page of 200 rows. */
const MAX_ROOT_FIELDS = 20
const MAX_TOKENS = 10_000
/** Nesting of selections and of values: parsing is recursive. */
const MAX_BRACES = 200

const refuse = (message: string): never => {
	throw new SafeError(message, { code: 'invalid_request', hint: 'Ask for less in one request.' })
}

/** Throws for a document that asks for too much; leaves those that cannot be parsed to the parser's own errors. */
export function checkLimits(query: string): void {
	if (deepest(query) > MAX_BRACES) refuse(`The query is nested more than ${MAX_BRACES} levels deep.`)
	let document: DocumentNode
	try {
		if (hasTooManyTokens(query)) refuse(`The query has more than ${MAX_TOKENS} tokens.`)
		document = parse(query, { noLocation: true })
	} catch (error) {
		if (error instanceof GraphQLError) return
		throw error
	}
	const fragments = new Map(
		document.definitions.filter((d): d is FragmentDefinitionNode => d.kind === Kind.FRAGMENT_DEFINITION).map((f) => [f.name.value, f]),
	)
	const sizes = new Map<string, number>()
	const sizeOf = (set: SelectionSetNode | undefined): number => {
		let size = 0
		for (const selection of set?.selections ?? []) {
			if (selection.kind === Kind.FRAGMENT_SPREAD) size += sizeOfFragment(selection.name.value)
			else size += (selection.kind === Kind.FIELD ? 1 : 0) + sizeOf(selection.selectionSet)
		}
		return Math.min(size, MAX_FIELDS + 1)
	}
	const sizeOfFragment = (name: string): number => {
		if (!sizes.has(name)) {
			sizes.set(name, 0) // a circle ends here, and validation refuses it
			sizes.set(name, sizeOf(fragments.get(name)?.selectionSet) + 1)
		}
		return sizes.get(name)!
	}

	for (const definition of document.definitions) {
		if (definition.kind !== Kind.OPERATION_DEFINITION) continue
		if (definition.selectionSet.selections.length > MAX_ROOT_FIELDS) refuse(`The operation has more than ${MAX_ROOT_FIELDS} fields.`)
		if (sizeOf(definition.selectionSet) > MAX_FIELDS)
			refuse(`The operation asks for more than ${MAX_FIELDS} fields, fragments written out.`)
	}
	// fragments that no operation uses are validated all the same
	for (const name of fragments.keys()) if (sizeOfFragment(name) > MAX_FIELDS) refuse(`A fragment asks for more than ${MAX_FIELDS} fields.`)
}

function hasTooManyTokens(query: string): boolean {
	const lexer = new Lexer(new Source(query))
	for (let count = 0; count <= MAX_TOKENS; count++) if (lexer.advance().kind === TokenKind.EOF) return false
	return true
}

function deepest(query: string): number {
	let depth = 0
	let most = 0
	for (const char of query) {
		if (char === '{' || char === '[') most = Math.max(most, ++depth)
		else if (char === '}' || char === ']') depth--
	}
	return most
}

export const Limits: GraphileConfig.Plugin = {
	name: 'TaskqLimits',
	grafserv: {
		middleware: {
			processGraphQLRequestBody(next, { body }) {
				if (typeof body.query === 'string') checkLimits(body.query)
				return next()
			},
		},
	},
}
