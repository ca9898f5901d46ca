/** What a document asks for at most: fields, depth, and rows if each of its pages were full. Fragments are counted once and added where they are spread. */
import {
	type DocumentNode,
	type FieldNode,
	type FragmentDefinitionNode,
	type GraphQLNamedType,
	type GraphQLSchema,
	getNamedType,
	getNullableType,
	isInterfaceType,
	isListType,
	isObjectType,
	Kind,
	type OperationDefinitionNode,
	type SelectionSetNode,
} from 'postgraphile/graphql'
import { rowsOf, type Variables } from './rows.ts'

export interface Measure {
	fields: number
	/** Of fields, those of introspection left out. */
	depth: number
	rows: number
	/** Lists within lists of an introspection. */
	lists: number
}

/** Beyond any limit; adding goes on without growing for ever. */
const MANY = 1e12

const none = (): Measure => ({ fields: 0, depth: 0, rows: 0, lists: 0 })

function add(sum: Measure, { fields, depth, rows, lists }: Measure): void {
	sum.fields = Math.min(sum.fields + fields, MANY)
	sum.rows = Math.min(sum.rows + rows, MANY)
	sum.depth = Math.max(sum.depth, depth)
	sum.lists = Math.max(sum.lists, lists)
}

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>

/** The fragments of a document by their names. */
export const fragmentsOf = (document: DocumentNode): Fragments =>
	new Map(document.definitions.flatMap((d) => (d.kind === Kind.FRAGMENT_DEFINITION ? [[d.name.value, d] as const] : [])))

/** The variables of an operation, with the defaults that are numbers: pages may be of their size. */
export const variablesOf = ({ variableDefinitions = [] }: OperationDefinitionNode, given: Variables): Variables => ({
	...Object.fromEntries(
		variableDefinitions.flatMap(({ variable, defaultValue }) =>
			defaultValue?.kind === Kind.INT ? [[variable.name.value, Number(defaultValue.value)]] : [],
		),
	),
	...given,
})

/** Measures one operation of a document. */
export class Cost {
	readonly #fragments: Fragments
	readonly #schema: GraphQLSchema
	readonly #variables: Variables
	readonly #measured = new Map<string, Measure>()

	constructor(fragments: Fragments, schema: GraphQLSchema, variables: Variables) {
		this.#fragments = fragments
		this.#schema = schema
		this.#variables = variables
	}

	ofOperation({ operation, selectionSet }: OperationDefinitionNode): Measure & { rootFields: number } {
		return { ...this.#of(selectionSet, this.#schema.getRootType(operation)), rootFields: this.#rootFields(selectionSet, new Set()) }
	}

	ofFragment(name: string): Measure {
		const known = this.#measured.get(name)
		if (known) return known
		this.#measured.set(name, none()) // a circle ends here, and validation refuses it
		const fragment = this.#fragments.get(name)
		const measure = fragment ? this.#of(fragment.selectionSet, this.#schema.getType(fragment.typeCondition.name.value)) : none()
		measure.fields++
		this.#measured.set(name, measure)
		return measure
	}

	#rootFields(set: SelectionSetNode, within: Set<string>): number {
		let count = 0
		for (const selection of set.selections) {
			if (selection.kind === Kind.FIELD) count++
			else if (selection.kind === Kind.INLINE_FRAGMENT) count += this.#rootFields(selection.selectionSet, within)
			else if (!within.has(selection.name.value)) {
				const fragment = this.#fragments.get(selection.name.value)
				within.add(selection.name.value) // spread twice, its fields are the same
				if (fragment) count += this.#rootFields(fragment.selectionSet, within)
			}
		}
		return count
	}

	#of(set: SelectionSetNode, type: GraphQLNamedType | undefined | null): Measure {
		const sum = none()
		for (const selection of set.selections) {
			if (selection.kind === Kind.FIELD) add(sum, this.#ofField(selection, type))
			else if (selection.kind === Kind.FRAGMENT_SPREAD) add(sum, this.ofFragment(selection.name.value))
			else {
				const { typeCondition, selectionSet } = selection
				add(sum, this.#of(selectionSet, typeCondition ? this.#schema.getType(typeCondition.name.value) : type))
			}
		}
		return sum
	}

	#ofField(node: FieldNode, parent: GraphQLNamedType | undefined | null): Measure {
		const name = node.name.value
		const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined
		const type = name.startsWith('__') ? this.#schema.getType(name === '__type' ? '__Type' : '__Schema') : field && getNamedType(field.type)
		const measure = node.selectionSet ? this.#of(node.selectionSet, type) : none()
		measure.fields++
		if (name.startsWith('__') || parent?.name.startsWith('__')) {
			if (node.selectionSet && field && isListType(getNullableType(field.type))) measure.lists++
			return { ...measure, depth: 0, rows: 0 }
		}
		measure.depth++
		if (node.selectionSet) measure.rows = Math.min(rowsOf(field, node, parent, measure.rows, this.#variables), MANY)
		return measure
	}
}
