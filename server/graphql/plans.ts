/** The types that plans need of what is only known when there is a database: its functions and views, and their rows. */
import type { Step } from 'postgraphile/grafast'
import type { ExtensionDefinition } from 'postgraphile/utils'

/** A row, or an event: something with fields. */
export type Record$ = Step & { get(name: string): Step }

/** What a function answers: rows, or one value. */
export type Rows$ = Step & { items(): Step; listItem($item: Step): Record$ }

interface Parameter {
	name: string | null
	codec: unknown
}

interface Argument {
	step: Step
	name: string
	pgCodec: unknown
}

export interface Resource {
	parameters?: readonly Parameter[]
	execute(args: Argument[]): Rows$
	get(spec: Record<string, Step>): Record$
}

/** The functions and views of a database, by name. */
export const resourcesOf = (build: GraphileBuild.Build): Record<string, Resource> =>
	build.pgResources as unknown as Record<string, Resource>

/** Calls a function with these arguments, by name. */
export function execute(resources: Record<string, Resource>, name: string, args: Record<string, Step>): Rows$ {
	const resource = resources[name]!
	const { parameters = [] } = resource
	return resource.execute(
		Object.entries(args).map(([argument, step]) => ({
			step,
			name: argument,
			pgCodec: parameters.find((parameter) => parameter.name === argument)!.codec,
		})),
	)
}

type Plan = (...args: never[]) => Step

/** Types of a schema with their plans: for objects the plans of their fields, for Subscription also where their events come from. */
export const extension = (typeDefs: unknown, plans: Record<string, Record<string, Plan | Record<string, Plan>>>): ExtensionDefinition =>
	({
		typeDefs,
		objects: Object.fromEntries(Object.entries(plans).map(([name, fields]) => [name, { plans: fields }])),
	}) as unknown as ExtensionDefinition
