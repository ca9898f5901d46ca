/** Connections over the functions that list by id: the database pages by index, and says by one row more whether there is a next page. */
import { type ConnectionOptimizedStep, type ConnectionStep, connection, type ExecutionDetails, lambda, Step } from 'postgraphile/grafast'
import { GraphQLError } from 'postgraphile/graphql'
import { idOfCursor, toCursor } from '../cursors.ts'
import type { Record$, Rows$ } from './plans.ts'

type Params = { after?: string | null; limit?: number | null }

export interface KeysetOptions {
	/** Lists so many rows that come after an id. */
	list: ($after: Step<string | null>, $limit: Step<number>) => Rows$
	/** The column that it pages by. */
	id: string
	/** How many there are, of all pages. */
	count?: () => Step
}

/** The id in a cursor; null where none is given. */
function idAfter(cursor: string | null | undefined): string | null {
	if (cursor == null) return null
	const id = idOfCursor(cursor)
	if (id !== undefined) return id
	throw new GraphQLError('after is no cursor of this list.', {
		extensions: {
			code: 'invalid_request',
			field: 'after',
			hint: 'Give the endCursor of an earlier page, or leave it out for the first page.',
		},
	})
}

type Collection = ConnectionOptimizedStep<unknown, Record$, never, string | null>

/** The rows of one page, for Grafast's `connection()`. */
export class KeysetStep extends Step implements Omit<Collection, keyof Step> {
	static override $$export = { moduleName: 'taskq', exportName: 'KeysetStep' }
	override isSyncAndSafe = false
	paginationSupport = { cursor: true }
	readonly #options: KeysetOptions
	#rows: number | undefined

	constructor(options: KeysetOptions) {
		super()
		this.#options = options
	}

	applyPagination($params: Step): void {
		const $after = lambda($params as Step<Params>, ({ after }) => after ?? null)
		const $limit = lambda($params as Step<Params>, ({ limit }) => limit ?? 0)
		this.#rows = this.addDependency(this.#options.list($after, $limit).items())
	}

	count(): Step {
		return this.#options.count!()
	}

	parseCursor($cursor: Step<string | null | undefined>): Step<string | null> {
		return lambda($cursor, idAfter)
	}

	nodeForItem($item: Step): Record$ {
		return (this.getDep(this.#rows!) as unknown as Rows$).listItem($item)
	}

	cursorForItem($item: Step): Step<string> {
		const $id = this.nodeForItem($item).get(this.#options.id) as Step<string | null>
		return lambda($id, (id) => id && toCursor(id)) as Step<string> // an empty page ends nowhere
	}

	override deduplicate(_peers: readonly KeysetStep[]): KeysetStep[] {
		return []
	}

	override execute({ indexMap, values }: ExecutionDetails) {
		return indexMap((i) => values[this.#rows!]!.at(i))
	}
}

/** A page of it; its size, and where it begins, are arguments of every connection. */
export const keyset = (options: KeysetOptions): Step => connection(new KeysetStep(options) as never)

/** How many rows all pages of a connection have. */
export const countOf = ($connection: Step): Step => (($connection as ConnectionStep<unknown>).getSubplan() as unknown as KeysetStep).count()
