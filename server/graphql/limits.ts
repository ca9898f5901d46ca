/** What one request may ask for. Counted before validation, whose own cost grows with what fragments expand to. */
import { type DocumentNode, type GraphQLSchema, Kind, type OperationDefinitionNode, visit } from 'postgraphile/graphql'
import { invalid, Problem } from '../problem.ts'
import { checkJson } from '../rest/json.ts'
import { Cost, fragmentsOf, variablesOf } from './cost.ts'
import { readDocument } from './document.ts'
import { asSafeError, refuse } from './refusal.ts'

/** Fields, with fragments written out. The introspection that GraphiQL sends has about 200. */
const MAX_FIELDS = 1_000
/** Fields of the operation itself; each may be a statement, and a page of 200 rows. */
const MAX_ROOT_FIELDS = 20
const MAX_ALIASES = 50
const MAX_OPERATIONS = 20
/** Of selections. A job, its dependencies, theirs, and what belongs to those, are 11. */
const MAX_DEPTH = 12
/** Rows of an answer if each page of it were full. */
const MAX_ROWS = 50_000
/** Lists within lists of an introspection; GraphiQL's has three: types, their fields, their arguments. */
const MAX_INTROSPECTED_LISTS = 3
/** Of variables: a payload may be nested 64 levels deep. */
const MAX_VARIABLE_DEPTH = 70

const SMALLER = 'Ask for smaller pages (first), or for what belongs to fewer rows at once.'

function checkAliases(document: DocumentNode): void {
	let aliases = 0
	visit(document, {
		[Kind.FIELD](node) {
			if (node.alias && ++aliases > MAX_ALIASES) refuse(`The query has more than ${MAX_ALIASES} aliases.`, 'Send several requests.')
		},
	})
}

function checkOperation(operation: OperationDefinitionNode, cost: Cost): void {
	const { fields, rootFields, depth, rows, lists } = cost.ofOperation(operation)
	if (rootFields > MAX_ROOT_FIELDS) refuse(`The operation has more than ${MAX_ROOT_FIELDS} fields.`, 'Send several requests.')
	if (fields > MAX_FIELDS) refuse(`The operation asks for more than ${MAX_FIELDS} fields, fragments written out.`)
	if (depth > MAX_DEPTH)
		refuse(`The operation is ${depth} levels deep, and at most ${MAX_DEPTH} are answered.`, 'Ask for what is deeper by its id.')
	if (lists > MAX_INTROSPECTED_LISTS) refuse('The introspection has lists in lists in lists in lists.', 'Ask for __type(name: …).')
	if (rows > MAX_ROWS) refuse(`The answer could have ${rows} rows, and at most ${MAX_ROWS} are answered.`, SMALLER)
}

function checkCost(document: DocumentNode, schema: GraphQLSchema, given: Record<string, unknown>): void {
	const fragments = fragmentsOf(document)
	// fragments that no operation uses are validated all the same
	const unused = new Cost(fragments, schema, given)
	for (const name of fragments.keys())
		if (unused.ofFragment(name).fields > MAX_FIELDS) refuse(`A fragment asks for more than ${MAX_FIELDS} fields.`)
	const operations = document.definitions.filter((d): d is OperationDefinitionNode => d.kind === Kind.OPERATION_DEFINITION)
	if (operations.length > MAX_OPERATIONS) refuse(`The document has more than ${MAX_OPERATIONS} operations.`, 'Send several documents.')
	for (const operation of operations) checkOperation(operation, new Cost(fragments, schema, variablesOf(operation, given)))
}

function checkVariables(variables: unknown): void {
	try {
		checkJson(variables, 'variables', MAX_VARIABLE_DEPTH)
	} catch (error) {
		throw error instanceof Problem ? asSafeError(error) : error
	}
}

interface Request {
	query?: unknown
	variableValues?: Record<string, unknown> | undefined
}

/** Throws for a request that asks for too much, or says what the database cannot hold; leaves what cannot be parsed to the parser. */
export function checkRequest({ query, variableValues }: Request, schema: GraphQLSchema): void {
	if (typeof query !== 'string')
		throw asSafeError(invalid('query', 'query must be a text', undefined, 'Send {"query": "{ queues { nodes { queue } } }"}.'))
	if (variableValues != null && (typeof variableValues !== 'object' || Array.isArray(variableValues)))
		throw asSafeError(invalid('variables', 'variables must be an object'))
	if (variableValues) checkVariables(variableValues)
	const document = readDocument(query)
	if (!document) return
	checkAliases(document)
	checkCost(document, schema, variableValues ?? {})
}

export function makeLimits(): GraphileConfig.Plugin {
	let schema: GraphQLSchema | undefined
	return {
		name: 'TaskqLimits',
		schema: {
			hooks: {
				finalize(made) {
					schema = made
					return made
				},
			},
		},
		grafserv: {
			middleware: {
				processGraphQLRequestBody(next, { body }) {
					checkRequest(body as Request, schema!)
					return next()
				},
			},
		},
	}
}
