import type pg from 'pg'

/** A function or a view of schema taskq, as its callers know it. */
interface Offered {
	name: string
	inputs: string[]
	defaults: number
	outputs: string[]
}

const FUNCTIONS = `
	select p.proname as name, p.pronargdefaults::int as defaults,
		array(select coalesce(p.proargnames[i], '') || ' ' || format_type(p.proargtypes[i - 1], null) from generate_series(1, p.pronargs) as i) as inputs,
		case when p.proallargtypes is null then array[pg_get_function_result(p.oid)]
			else array(select p.proargnames[i] || ' ' || format_type(p.proallargtypes[i], null)
				from generate_subscripts(p.proallargtypes, 1) as i where p.proargmodes[i] in ('o', 't')) end as outputs
	from pg_proc as p where p.pronamespace = $1::regnamespace`
const VIEWS = `
	select c.relname as name, 0 as defaults, '{}'::text[] as inputs,
		array(select a.attname || ' ' || format_type(a.atttypid, a.atttypmod) from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0) as outputs
	from pg_class as c where c.relnamespace = 'taskq'::regnamespace and c.relkind = 'v'`

const named = (rows: Offered[]): Offered[] => rows.map((row) => ({ ...row, outputs: row.outputs.map(String) }))

/** What schema taskq offers. */
export async function readContract(db: Pick<pg.Pool, 'query'>): Promise<Offered[]> {
	return named([...(await db.query(FUNCTIONS, ['taskq'])).rows, ...(await db.query(VIEWS)).rows])
}

/** What its functions call: a statement that is under way while a migration commits calls the old ones from the new, or the new ones from the old. */
export async function readPrivate(db: Pick<pg.Pool, 'query'>): Promise<Offered[]> {
	return named((await db.query(FUNCTIONS, ['taskq_private'])).rows)
}

/** What callers of the old contract would miss in the new: each must be there with its arguments first, any further ones defaulted, and all it answered. */
export function missed(before: Offered[], after: Offered[]): string[] {
	const serves = (old: Offered) => (now: Offered) =>
		now.name === old.name &&
		old.inputs.every((input, i) => now.inputs[i] === input) &&
		now.inputs.length - now.defaults <= old.inputs.length - old.defaults &&
		old.outputs.every((output) => now.outputs.includes(output))
	return before.filter((old) => !after.some(serves(old))).map(({ name, inputs }) => `${name}(${inputs.join(', ')})`)
}
